// The part of a KUnit test of kernel/bpf/range_tree.c that all such tests have. C, in kernel style.
#pragma once

#include <string_view>

namespace anyctx::triage {

/// Before the source is included: its memory. Each operation says which allocations fail.
inline constexpr std::string_view kRangeTreeMemory = R"c(
struct scenario_memory {
	unsigned int calls;	/* of kmalloc_nolock() in this operation */
	unsigned int first;	/* of those that find no memory, from 1; 0: none */
	unsigned int last;
	unsigned int refused;	/* so many found none in this operation */
	int nodes;		/* in use */
};

static struct scenario_memory *scenario_memory(void);

/* Nodes are from kmalloc(): kmalloc_nolock() may fail whenever it likes. */
static void *scenario_alloc(size_t size)
{
	struct scenario_memory *memory = scenario_memory();
	void *node;

	memory->calls++;
	if (memory->first && memory->calls >= memory->first &&
	    memory->calls <= memory->last) {
		memory->refused++;
		return NULL;
	}
	node = kmalloc(size, GFP_KERNEL);
	if (node)
		memory->nodes++;
	return node;
}

static void scenario_free(const void *node)
{
	if (!node)
		return;
	scenario_memory()->nodes--;
	kfree(node);
}

)c";

/// Behind it: the model, and what each operation promises.
inline constexpr std::string_view kRangeTreeModel = R"c(
struct scenario {
	struct scenario_memory memory;
	struct range_tree tree;
	/* A bit per number: what the tree should have, and what it has. */
	DECLARE_BITMAP(model, LIMIT);
	DECLARE_BITMAP(found, LIMIT);
};

static struct scenario_memory *scenario_memory(void)
{
	struct scenario *s = kunit_get_current_test()->priv;

	return &s->memory;
}

static unsigned int count_by_size(struct range_tree *tree)
{
	struct rb_node *rb;
	unsigned int nodes = 0;

	for (rb = rb_first_cached(&tree->range_size_root); rb; rb = rb_next(rb))
		nodes++;
	return nodes;
}

static void expect_content(struct kunit *test, const char *call, u32 start, u32 length)
{
	struct scenario *s = test->priv;
	struct range_node *last = NULL;
	struct rb_node *rb;
	unsigned int nodes = 0;

	bitmap_zero(s->found, LIMIT);
	for (rb = rb_first_cached(&s->tree.it_root); rb; rb = rb_next(rb)) {
		struct range_node *rn = rb_entry(rb, struct range_node, rn_rbnode);

		KUNIT_ASSERT_LE_MSG(test, rn->rn_start, rn->rn_last,
				    "after %s(%u, %u)", call, start, length);
		KUNIT_ASSERT_LT_MSG(test, rn->rn_last, LIMIT,
				    "after %s(%u, %u)", call, start, length);
		if (last)
			KUNIT_ASSERT_GT_MSG(test, rn->rn_start, last->rn_last + 1,
					    "after %s(%u, %u): runs that overlap, or should be one",
					    call, start, length);
		bitmap_set(s->found, rn->rn_start, rn->rn_last - rn->rn_start + 1);
		last = rn;
		nodes++;
	}
	KUNIT_ASSERT_TRUE_MSG(test, bitmap_equal(s->model, s->found, LIMIT),
			      "after %s(%u, %u): expected %*pbl, found %*pbl",
			      call, start, length, LIMIT, s->model, LIMIT, s->found);
	KUNIT_ASSERT_EQ_MSG(test, count_by_size(&s->tree), nodes,
			    "after %s(%u, %u): its two orders differ", call, start, length);
	KUNIT_ASSERT_EQ_MSG(test, s->memory.nodes, nodes,
			    "after %s(%u, %u): nodes that no run has", call, start, length);
}

/* In the next operation, these calls of kmalloc_nolock() find no memory. */
static __maybe_unused void let_fail(struct kunit *test, unsigned int first, unsigned int last)
{
	struct scenario *s = test->priv;

	s->memory.first = first;
	s->memory.last = last;
}

/* -ENOMEM needs an allocation that failed; what fails changes nothing. */
static int change(struct kunit *test, bool sets, u32 start, u32 length)
{
	struct scenario *s = test->priv;
	const char *call = sets ? "range_tree_set" : "range_tree_clear";
	unsigned int refused = s->memory.refused;
	int result;

	if (sets)
		result = range_tree_set(&s->tree, start, length);
	else
		result = range_tree_clear(&s->tree, start, length);
	if (result == 0 && sets)
		bitmap_set(s->model, start, length);
	else if (result == 0)
		bitmap_clear(s->model, start, length);
	else
		KUNIT_ASSERT_EQ_MSG(test, result, -ENOMEM, "%s(%u, %u)", call, start, length);
	if (s->memory.refused == refused)
		KUNIT_ASSERT_EQ_MSG(test, result, 0, "%s(%u, %u) with memory",
				    call, start, length);
	expect_content(test, call, start, length);
	return result;
}

static void end_operation(struct kunit *test)
{
	struct scenario *s = test->priv;

	s->memory.calls = 0;
	s->memory.first = 0;
	s->memory.refused = 0;
}

static __maybe_unused void set(struct kunit *test, u32 start, u32 length)
{
	change(test, true, start, length);
	end_operation(test);
}

static __maybe_unused void clear(struct kunit *test, u32 start, u32 length)
{
	change(test, false, start, length);
	end_operation(test);
}

/* Clears every other number of so many. */
static __maybe_unused void comb(struct kunit *test, u32 start, u32 teeth)
{
	u32 i;

	for (i = 0; i < teeth && change(test, false, start + 2 * i, 1) == 0; i++)
		;
	end_operation(test);
}

static __maybe_unused void is_set(struct kunit *test, u32 start, u32 length)
{
	struct scenario *s = test->priv;
	bool all = find_next_zero_bit(s->model, LIMIT, start) >= start + length;

	KUNIT_ASSERT_EQ_MSG(test, is_range_tree_set(&s->tree, start, length), all ? 0 : -ESRCH,
			    "is_range_tree_set(%u, %u)", start, length);
	end_operation(test);
}

/* The smallest run that fits: how long it is, 0 if there is none. */
static u32 best_fit(const unsigned long *bits, u32 length)
{
	unsigned int first, end;
	u32 best = 0;

	for_each_set_bitrange(first, end, bits, LIMIT) {
		if (end - first >= length && (best == 0 || end - first < best))
			best = end - first;
	}
	return best;
}

static s64 find_run(struct kunit *test, u32 length)
{
	struct scenario *s = test->priv;
	u32 best = best_fit(s->model, length);
	s64 place = range_tree_find(&s->tree, length);
	u32 run;

	if (best == 0) {
		KUNIT_ASSERT_EQ_MSG(test, place, -ENOENT, "range_tree_find(%u)", length);
		return place;
	}
	KUNIT_ASSERT_GE_MSG(test, place, 0, "range_tree_find(%u)", length);
	KUNIT_ASSERT_LT_MSG(test, place, LIMIT, "range_tree_find(%u)", length);
	run = find_next_zero_bit(s->model, LIMIT, place) - place;
	KUNIT_ASSERT_EQ_MSG(test, run, best, "range_tree_find(%u): not the best fit", length);
	return place;
}

static __maybe_unused void find(struct kunit *test, u32 length)
{
	find_run(test, length);
	end_operation(test);
}

static __maybe_unused void find_and_clear(struct kunit *test, u32 length)
{
	s64 place = find_run(test, length);

	if (place >= 0)
		change(test, false, place, length);
	end_operation(test);
}

static __maybe_unused void destroy(struct kunit *test, bool whole)
{
	struct scenario *s = test->priv;

	range_tree_destroy(&s->tree);
	bitmap_zero(s->model, LIMIT);
	expect_content(test, "range_tree_destroy", 0, 0);
	range_tree_init(&s->tree);
	if (whole)
		change(test, true, 0, LIMIT);
	end_operation(test);
}

static int scenario_init(struct kunit *test)
{
	struct scenario *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	if (!s)
		return -ENOMEM;
	test->priv = s;
	range_tree_init(&s->tree);
	return 0;
}

static void scenario_exit(struct kunit *test)
{
	struct scenario *s = test->priv;

	if (s)
		range_tree_destroy(&s->tree);
}
)c";

}  // namespace anyctx::triage
