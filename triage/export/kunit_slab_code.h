// The part of a KUnit test of mm/slub.c that all such tests have. C, in kernel style.
#pragma once

#include <string_view>

namespace anyctx::triage {

inline constexpr std::string_view kSlabModel = R"c(#include <kunit/test.h>
#include <linux/irqflags.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/string.h>

enum { OBJECTS = %OBJECTS%, CACHES = 4 };

struct scenario {
	struct kmem_cache *caches[CACHES];
	/* Each is full of its number in the scenario, plus one, while somebody has it. */
	struct {
		u8 *at;
		size_t size;
		struct kmem_cache *cache;	/* of kmem_cache_alloc() */
	} objects[OBJECTS];
};

/* Two owners of the same memory would see each other's numbers. */
static void own(struct kunit *test, int i, void *object, size_t size, gfp_t flags)
{
	struct scenario *s = test->priv;

	KUNIT_ASSERT_NOT_NULL_MSG(test, object, "object %d, of %zu bytes", i, size);
	s->objects[i].at = object;
	s->objects[i].size = size;
	if (flags & __GFP_ZERO)
		KUNIT_ASSERT_NULL_MSG(test, memchr_inv(object, 0, size),
				      "object %d is not zeroed", i);
	memset(object, i + 1, size);
}

static void *disown(struct kunit *test, int i)
{
	struct scenario *s = test->priv;
	u8 *object = s->objects[i].at;

	KUNIT_ASSERT_NULL_MSG(test, memchr_inv(object, i + 1, s->objects[i].size),
			      "object %d was changed by somebody else", i);
	s->objects[i].at = NULL;
	return object;
}

static __maybe_unused void take(struct kunit *test, int i, size_t size, gfp_t flags)
{
	own(test, i, kmalloc(size, flags), size, flags);
}

static __maybe_unused void take_nolock(struct kunit *test, int i, size_t size, gfp_t flags,
				       bool irqs_off, bool preempt_off)
{
	unsigned long irqs = 0;
	void *object;

	if (preempt_off)
		preempt_disable();
	if (irqs_off)
		local_irq_save(irqs);
	object = kmalloc_nolock(size, flags, NUMA_NO_NODE);
	if (irqs_off)
		local_irq_restore(irqs);
	if (preempt_off)
		preempt_enable();
	/* It may always fail, and does on machines without a double-word swap. */
	if (!object)
		kunit_skip(test, "kmalloc_nolock(%zu) found no memory", size);
	own(test, i, object, size, flags);
}

static __maybe_unused void give(struct kunit *test, int i)
{
	kfree(disown(test, i));
}

static __maybe_unused void give_nolock(struct kunit *test, int i, bool irqs_off, bool preempt_off)
{
	void *object = disown(test, i);
	unsigned long irqs = 0;

	if (preempt_off)
		preempt_disable();
	if (irqs_off)
		local_irq_save(irqs);
	kfree_nolock(object);
	if (irqs_off)
		local_irq_restore(irqs);
	if (preempt_off)
		preempt_enable();
}

static __maybe_unused void create(struct kunit *test, int cache, size_t size, size_t align,
				  slab_flags_t flags)
{
	static const char * const names[CACHES] = {
		"scenario_0", "scenario_1", "scenario_2", "scenario_3",
	};
	struct scenario *s = test->priv;

	s->caches[cache] = kmem_cache_create(names[cache], size, align,
					     flags | SLAB_NO_MERGE, NULL);
	KUNIT_ASSERT_NOT_NULL_MSG(test, s->caches[cache], "a cache of objects of %zu bytes", size);
}

static __maybe_unused void take_cached(struct kunit *test, int i, int cache, gfp_t flags)
{
	struct scenario *s = test->priv;
	struct kmem_cache *from = s->caches[cache];

	own(test, i, kmem_cache_alloc(from, flags), kmem_cache_size(from), flags);
	s->objects[i].cache = from;
}

static __maybe_unused void give_cached(struct kunit *test, int i)
{
	struct scenario *s = test->priv;

	kmem_cache_free(s->objects[i].cache, disown(test, i));
}

static __maybe_unused void shrink(struct kunit *test, int cache)
{
	struct scenario *s = test->priv;

	kmem_cache_shrink(s->caches[cache]);
}

static void destroy(struct kunit *test, int cache)
{
	struct scenario *s = test->priv;

	kmem_cache_destroy(s->caches[cache]);
	s->caches[cache] = NULL;
}

static int scenario_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct scenario), GFP_KERNEL);
	return test->priv ? 0 : -ENOMEM;
}

static void scenario_exit(struct kunit *test)
{
	struct scenario *s = test->priv;
	int i;

	if (!s)
		return;
	for (i = 0; i < OBJECTS; i++)
		kfree(s->objects[i].at);
	for (i = 0; i < CACHES; i++)
		destroy(test, i);
}
)c";

}  // namespace anyctx::triage
