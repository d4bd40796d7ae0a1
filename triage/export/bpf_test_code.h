// The code of the process of a BPF selftest, piece by piece; @WORDS@ are filled in.
#pragma once

#include <string_view>

namespace anyctx::triage {

inline constexpr std::string_view kProcessIncludes = R"c(#include <test_progs.h>
#include <sys/mman.h>
#include <unistd.h>
)c";

inline constexpr std::string_view kProcessTouchIncludes = R"c(#include <setjmp.h>
#include <signal.h>
)c";

inline constexpr std::string_view kProcessCgroupIncludes = R"c(#include <sched.h>
#include <cgroup_helpers.h>
)c";

inline constexpr std::string_view kProcessAccount = R"c(#include "@NAME@.skel.h"

enum {
	MAPPED = @MAPPED@, /* pages of the arena that the process maps */
	ANYWHERE = -1,
	NOWHERE = -1,
};

/* What a page of the arena is, if the kernel keeps its contract. */
enum slot {
	FREE,
	ALLOCATED,
	RESERVED,
};

struct account {
	struct @NAME@ *skel;
	char *base;
	long page_size;
	bool starved; /* the arena gets no memory */
	enum slot slots[MAPPED];
};

static bool call(struct account *acc, struct bpf_program *prog, long slot, __u32 count)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	char *place = slot == ANYWHERE ? NULL : acc->base + slot * acc->page_size;

	acc->skel->bss->place = (__u64)(unsigned long)place;
	acc->skel->bss->count = count;
	return ASSERT_OK(bpf_prog_test_run_opts(bpf_program__fd(prog), &opts), "run");
}

static void set_slots(struct account *acc, long first, __u64 count, enum slot state)
{
	long slot;

	for (slot = first; slot < MAPPED && count; slot++, count--)
		acc->slots[slot] = state;
}

/* Whether all of these are in the mapping, and free. */
static bool are_free(const struct account *acc, long first, __u64 count)
{
	long slot;

	if (first + count > MAPPED)
		return false;
	for (slot = first; count; slot++, count--) {
		if (acc->slots[slot] != FREE)
			return false;
	}
	return true;
}

static bool has_room(const struct account *acc, long place, __u64 count)
{
	long first;

	if (place != ANYWHERE)
		return are_free(acc, place, count);
	for (first = 0; first < MAPPED; first++) {
		if (are_free(acc, first, count))
			return true;
	}
	return false;
}

/* Pages are within the mapping, were free, and are where they are asked for. */
static bool allocate(struct account *acc, struct bpf_program *prog, long place, __u32 count,
		     long *slot)
{
	long offset;

	*slot = NOWHERE;
	if (!call(acc, prog, place, count))
		return false;
	if (has_room(acc, place, count) && !acc->starved &&
	    !ASSERT_NEQ(acc->skel->bss->memory, NULL, "pages where there is room"))
		return false;
	if (!acc->skel->bss->memory)
		return true;
	offset = (char *)acc->skel->bss->memory - acc->base;
	*slot = offset / acc->page_size;
	if (!ASSERT_GE(offset, 0, "address, from the beginning of the mapping") ||
	    !ASSERT_EQ(offset % acc->page_size, 0, "offset in the page") ||
	    !ASSERT_LE(*slot + (__u64)count, MAPPED, "end of the pages, in pages of the mapping"))
		return false;
	if (place != ANYWHERE && !ASSERT_EQ(*slot, place, "place"))
		return false;
	if (!ASSERT_TRUE(are_free(acc, *slot, count), "was free"))
		return false;
	set_slots(acc, *slot, count, ALLOCATED);
	return true;
}

/* Each page that is free can be allocated, and nothing else. */
static void check_slots(struct account *acc)
{
	struct bpf_program *prog = acc->skel->progs.alloc_pages;
	bool good = true;
	long slot, got;

	for (slot = 0; slot < MAPPED; slot++) {
		if (allocate(acc, prog, slot, 1, &got))
			continue;
		printf("that was page %ld, at the end\n", slot);
		good = false;
	}
	if (good && !allocate(acc, prog, ANYWHERE, 1, &got))
		printf("that was one more page, at the end\n");
}
)c";

inline constexpr std::string_view kProcessRelease = R"c(
static bool release(struct account *acc, struct bpf_program *prog, long first, __u32 count)
{
	set_slots(acc, first, count, FREE);
	return call(acc, prog, first, count);
}
)c";

inline constexpr std::string_view kProcessSettle = R"c(
/* Nothing tells when the arena's worker has freed: this is plenty of time. */
static void settle(void)
{
	usleep(100 * 1000);
}
)c";

inline constexpr std::string_view kProcessReserve = R"c(
/* Either all of these pages are reserved, or nothing changes. */
static bool reserve(struct account *acc, long first, __u32 count)
{
	int error;

	if (!call(acc, acc->skel->progs.reserve_pages, first, count))
		return false;
	error = acc->skel->bss->error;
	if (first + (__u64)count > MAPPED)
		return ASSERT_EQ(error, -EINVAL, "reserving outside of the mapping");
	if (!are_free(acc, first, count))
		return ASSERT_EQ(error, -EBUSY, "reserving what is in use");
	if (error)
		return acc->starved || ASSERT_OK(error, "reserving what is free");
	set_slots(acc, first, count, RESERVED);
	return true;
}
)c";

inline constexpr std::string_view kProcessTouch = R"c(
static sigjmp_buf before_access;

static void go_back(int signal)
{
	siglongjmp(before_access, signal);
}

/* Whether the process can access this page. */
static bool access_page(const struct account *acc, long slot, bool write)
{
	volatile char *byte = acc->base + slot * acc->page_size;
	struct sigaction action = { .sa_handler = go_back }, segv, bus;
	volatile bool good = false;

	sigaction(SIGSEGV, &action, &segv);
	sigaction(SIGBUS, &action, &bus);
	if (!sigsetjmp(before_access, 1)) {
		if (write)
			*byte = 1;
		else
			(void)*byte;
		good = true;
	}
	sigaction(SIGSEGV, &segv, NULL);
	sigaction(SIGBUS, &bus, NULL);
	return good;
}

/* What is not allocated gets a page, unless the arena has it otherwise, or no memory. */
static bool touch(struct account *acc, long slot, bool write)
{
	bool allocated = acc->slots[slot] == ALLOCATED;
	bool good = access_page(acc, slot, write);

	if (!good)
		return ASSERT_TRUE(!allocated && (@SEGV@acc->starved), "the process gets a page");
	acc->slots[slot] = ALLOCATED;
	return ASSERT_TRUE(allocated || !@SEGV_ON_FAULT@, "the process gets no page");
}
)c";

inline constexpr std::string_view kProcessCgroup = R"c(
static const char cgroup[] = "/@NAME@";

/* The arena's cgroup is at its limit from here on, or has none. */
static bool starve(struct account *acc, bool starved)
{
	if (!ASSERT_OK(write_cgroup_file(cgroup, "memory.max", starved ? "0" : "max"),
		       "memory.max"))
		return false;
	acc->starved = starved;
	if (!starved)
		return true;
	/* No memory for the array, which comes first: nothing changes. */
	if (!call(acc, acc->skel->progs.alloc_pages, ANYWHERE, 1))
		return false;
	if (acc->skel->bss->memory) {
		printf("%s:SKIP:arenas are not charged to their cgroup\n", __func__);
		test__skip();
		return false;
	}
	return true;
}

/* In a cgroup of its own, where nobody is afterwards. */
static int create_charged(const struct bpf_map *map, const struct bpf_map_create_opts *opts)
{
	int dir, fd = -1;

	if (!ASSERT_OK(setup_cgroup_environment(), "cgroups"))
		return -1;
	dir = create_and_get_cgroup(cgroup);
	if (!ASSERT_OK_FD(dir, "cgroup"))
		return -1;
	close(dir);
	if (ASSERT_OK(join_cgroup(cgroup), "join cgroup"))
		fd = bpf_map_create(bpf_map__type(map), "arena", 0, 0, bpf_map__max_entries(map),
				    opts);
	ASSERT_OK(join_root_cgroup(), "leave cgroup");
	return fd;
}

/* A CPU's stock of charges is drained at once if it is this CPU's. */
static void stay_here(cpu_set_t *before)
{
	cpu_set_t here;

	sched_getaffinity(0, sizeof(*before), before);
	CPU_ZERO(&here);
	CPU_SET(sched_getcpu(), &here);
	sched_setaffinity(0, sizeof(here), &here);
}
)c";

// What a program leaves to the arena's worker is for the worker of its CPU. This is for as short a
// time as can be: the scheduler does not let others wait for long.
inline constexpr std::string_view kProcessFirst = R"c(
/* The arena's worker comes when this process sleeps, not before. */
static bool go_first(bool first)
{
	struct sched_param param = { .sched_priority = first };

	return ASSERT_OK(sched_setscheduler(0, first ? SCHED_FIFO : SCHED_OTHER, &param),
			 "setscheduler");
}
)c";

inline constexpr std::string_view kProcessCreate = R"c(
/* libbpf maps all of an arena that it creates. */
static int create_arena(struct account *acc)
{
	struct bpf_map *map = acc->skel->maps.arena;
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = bpf_map__map_flags(map),
		    .map_extra = bpf_map__map_extra(map));
	size_t bytes;
	int fd;

	acc->page_size = sysconf(_SC_PAGESIZE);
	bytes = MAPPED * acc->page_size;
	fd = @CREATE@;
	if (!ASSERT_OK_FD(fd, "create"))
		return fd;
	acc->base = mmap(@PLACE@, bytes, PROT_READ | PROT_WRITE, MAP_SHARED@FIXED@, fd, 0);
	if (!ASSERT_NEQ(acc->base, MAP_FAILED, "mmap") ||
	    !ASSERT_OK(bpf_map__reuse_fd(map, fd), "reuse_fd") ||
	    !ASSERT_OK(@NAME@__load(acc->skel), "load")) {
		close(fd);
		return -1;
	}
	return fd;
}
)c";

inline constexpr std::string_view kProcessOwnCreate =
    "bpf_map_create(bpf_map__type(map), \"arena\", 0, 0, bpf_map__max_entries(map),\n"
    "\t\t\t    &opts)";

inline constexpr std::string_view kProcessTest = R"c(
static void make_calls(struct account *acc)
{
@VARIABLES@@CALLS@
	check_slots(acc);
}

void test_@NAME@(void)
{
	struct account acc = {};
@CPUS@	int fd;

@STAY@	acc.skel = @NAME@__open();
	if (!ASSERT_OK_PTR(acc.skel, "open"))
		goto out;
	fd = create_arena(&acc);
	if (fd >= 0) {
		make_calls(&acc);
		munmap(acc.base, MAPPED * acc.page_size);
		close(fd);
	}
out:
	@NAME@__destroy(acc.skel);
@LAST@@LEAVE@}
)c";

inline constexpr std::string_view kProcessLeave =
    "\tcleanup_cgroup_environment();\n"
    "\tsched_setaffinity(0, sizeof(cpus), &cpus);\n";

}  // namespace anyctx::triage
