// The part of a KUnit test of lib/objpool.c that all such tests have. C, in kernel style.
#pragma once

#include <string_view>

namespace anyctx::triage {

inline constexpr std::string_view kObjpoolModel = R"c(#include <kunit/test.h>
#include <linux/objpool.h>
#include <linux/string.h>

enum { MOST = 64 };	/* objects of a pool */

struct scenario {
	struct objpool_head pool;
	bool open;
	int count;
	int size;
	int refused;	/* the object whose preparation fails, from 1; 0: none */
	int prepared;
	/* Each is full of its number, from 1, while the pool has it; else of 0xff less that. */
	u8 *objects[MOST];
	bool taken[MOST];
};

static int taken(struct scenario *s)
{
	int i, n = 0;

	for (i = 0; i < s->count; i++)
		n += s->taken[i];
	return n;
}

static int prepare(void *object, void *context)
{
	struct scenario *s = context;

	if (s->prepared == MOST)
		return -E2BIG;
	s->objects[s->prepared++] = object;
	memset(object, s->prepared, s->size);
	return s->prepared == s->refused ? -EXDEV : 0;
}

static void create(struct kunit *test, int count, int size, int refused)
{
	struct scenario *s = test->priv;
	bool valid = count > 0 && count <= 1 << 24 && size > 0 && size <= 1 << 16;
	int expected = !valid ? -EINVAL : refused && refused <= count ? -EXDEV : 0;

	s->count = count;
	s->size = size;
	s->refused = refused;
	s->prepared = 0;
	memset(s->taken, 0, sizeof(s->taken));
	KUNIT_ASSERT_EQ_MSG(test, objpool_init(&s->pool, count, size, GFP_KERNEL, s, prepare, NULL),
			    expected, "objpool_init(%d, %d)", count, size);
	s->open = expected == 0;
	if (s->open)
		KUNIT_ASSERT_EQ_MSG(test, s->prepared, count, "objects that were prepared");
}

static __maybe_unused void *pop(struct kunit *test)
{
	struct scenario *s = test->priv;
	void *object = objpool_pop(&s->pool);
	int i;

	if (taken(s) == s->count) {
		KUNIT_ASSERT_NULL_MSG(test, object, "an object of an empty pool");
		return NULL;
	}
	KUNIT_ASSERT_NOT_NULL_MSG(test, object, "%d of %d objects are in the pool",
				  s->count - taken(s), s->count);
	for (i = 0; i < s->count && s->objects[i] != object; i++)
		;
	KUNIT_ASSERT_LT_MSG(test, i, s->count, "what was popped is no object of the pool");
	KUNIT_ASSERT_FALSE_MSG(test, s->taken[i], "object %d was popped already", i);
	KUNIT_ASSERT_NULL_MSG(test, memchr_inv(object, i + 1, s->size),
			      "object %d was changed in the pool", i);
	memset(object, 0xff - i, s->size);
	s->taken[i] = true;
	return object;
}

static __maybe_unused void push(struct kunit *test, void *object)
{
	struct scenario *s = test->priv;
	int i;

	for (i = 0; i < s->count && s->objects[i] != object; i++)
		;
	KUNIT_ASSERT_NULL_MSG(test, memchr_inv(object, 0xff - i, s->size),
			      "object %d was changed while it was popped", i);
	memset(object, i + 1, s->size);
	s->taken[i] = false;
	KUNIT_ASSERT_EQ_MSG(test, objpool_push(object, &s->pool), 0, "pushing object %d", i);
}

/* So many are popped, and pushed again, the first one first or last. */
static __maybe_unused void churn(struct kunit *test, int count, bool reverse)
{
	void *objects[8];
	int i, popped;

	for (popped = 0; popped < count; popped++) {
		objects[popped] = pop(test);
		if (!objects[popped])
			break;
	}
	for (i = 0; i < popped; i++)
		push(test, objects[reverse ? popped - 1 - i : i]);
}

/* The pool goes with the last of the objects that somebody has. */
static void take_down(struct kunit *test)
{
	struct scenario *s = test->priv;
	int i, left = taken(s);

	if (!s->open)
		return;
	s->open = false;
	objpool_fini(&s->pool);
	for (i = 0; i < s->count; i++) {
		if (!s->taken[i])
			continue;
		left--;
		KUNIT_EXPECT_EQ_MSG(test, objpool_drop(s->objects[i], &s->pool),
				    left ? -EAGAIN : 0, "dropping object %d", i);
	}
}

static __maybe_unused void recreate(struct kunit *test, int count, int size, int refused)
{
	take_down(test);
	create(test, count, size, refused);
}

static int scenario_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct scenario), GFP_KERNEL);
	return test->priv ? 0 : -ENOMEM;
}

static void scenario_exit(struct kunit *test)
{
	if (test->priv)
		take_down(test);
}
)c";

}  // namespace anyctx::triage
