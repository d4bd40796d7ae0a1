// The tree's lists without locks, unmodified, whose updates are decision points.
#include "fuzzers/kernel/atomics.h"

#include <lib/llist.c>
