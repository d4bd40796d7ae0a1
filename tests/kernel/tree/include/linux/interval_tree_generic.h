// This tree finds intervals in its own way.
#pragma once

#include <linux/rbtree.h>
