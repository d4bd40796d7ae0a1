// Nothing of it is needed here but that it is there.
#pragma once

#include <linux/types.h>
