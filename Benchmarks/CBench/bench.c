// SPDX-License-Identifier: BSD-2-Clause
// All of it is in the header, to be compiled into the loops.
#include "CBench.h"
