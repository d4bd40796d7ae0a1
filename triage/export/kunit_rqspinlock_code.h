// The part of a KUnit test of kernel/bpf/rqspinlock.c that all such tests have. C, in kernel style.
#pragma once

#include <string_view>

namespace anyctx::triage {

inline constexpr std::string_view kRqspinlockModel = R"c(#include <kunit/test.h>
#include <linux/bpf.h>
#include <linux/irqflags.h>
#include <linux/preempt.h>
#include <asm/rqspinlock.h>

enum { LOCKS = 40, MOST = LOCKS + 1 };

struct attempt {
	int lock;
	int result;
	bool held;	/* by this CPU, before */
	bool known;	/* to be held: the CPU's table is short, and its last place the attempt's */
};

struct scenario {
	rqspinlock_t locks[LOCKS];
	unsigned long flags[MOST];
	struct attempt attempts[2 * MOST];
	int count;
};

static int attempt(struct scenario *s, const int *locks, int taken, int lock, bool irqsave)
{
	struct attempt *a = &s->attempts[s->count++];
	unsigned long flags = 0;
	int i;

	a->lock = lock;
	a->held = false;
	a->known = false;
	for (i = 0; i < taken; i++) {
		if (locks[i] != lock)
			continue;
		a->held = true;
		a->known = i < RES_NR_HELD - 1;
	}
	if (irqsave)
		a->result = raw_res_spin_lock_irqsave(&s->locks[lock], flags);
	else
		a->result = raw_res_spin_lock(&s->locks[lock]);
	s->flags[taken] = flags;
	return a->result;
}

static void release(struct scenario *s, int taken, int lock, bool irqsave)
{
	unsigned long flags = s->flags[taken];

	if (irqsave)
		raw_res_spin_unlock_irqrestore(&s->locks[lock], flags);
	else
		raw_res_spin_unlock(&s->locks[lock]);
}

/*
 * Takes locks one in the other, up to the first that fails; behind them, if there is one, that at
 * place @again once more. Nothing is asserted while one is held: preemption is off.
 */
static void take(struct kunit *test, const int *locks, int count, int again, bool irqsave,
		 bool retry)
{
	struct scenario *s = test->priv;
	int i, taken, result = 0;

	s->count = 0;
	for (taken = 0; taken < count; taken++) {
		result = attempt(s, locks, taken, locks[taken], irqsave);
		if (result && retry)
			result = attempt(s, locks, taken, locks[taken], irqsave);
		if (result)
			break;
	}
	if (!result && again >= 0 && !attempt(s, locks, taken, locks[again], irqsave))
		release(s, taken, locks[again], irqsave);
	while (taken-- > 0)
		release(s, taken, locks[taken], irqsave);
	for (i = 0; i < s->count; i++) {
		const struct attempt *a = &s->attempts[i];

		if (!a->held)
			KUNIT_ASSERT_EQ_MSG(test, a->result, 0, "attempt %d, of a free lock%d",
					    i, a->lock);
		else if (a->known)
			KUNIT_ASSERT_EQ_MSG(test, a->result, -EDEADLK,
					    "attempt %d, of lock%d, which this CPU holds",
					    i, a->lock);
		else
			KUNIT_ASSERT_TRUE_MSG(test, a->result == -EDEADLK ||
					      a->result == -ETIMEDOUT,
					      "attempt %d, of lock%d, which this CPU holds: %d",
					      i, a->lock, a->result);
	}
}

/* So many from @first on. */
static __maybe_unused void take_many(struct kunit *test, int first, int count, int again)
{
	int locks[LOCKS];
	int i;

	for (i = 0; i < count; i++)
		locks[i] = (first + i) % LOCKS;
	take(test, locks, count, again, false, false);
}

static int scenario_init(struct kunit *test)
{
	struct scenario *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	int i;

	if (!s)
		return -ENOMEM;
	for (i = 0; i < LOCKS; i++)
		raw_res_spin_lock_init(&s->locks[i]);
	test->priv = s;
	return 0;
}
)c";

}  // namespace anyctx::triage
