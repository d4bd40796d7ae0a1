// Types of a kernel, as far as this tree needs them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;

#define container_of(ptr, type, member) ((type*)((char*)(ptr)-offsetof(type, member)))
