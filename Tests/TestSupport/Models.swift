// SPDX-License-Identifier: BSD-2-Clause

// The models stand by themselves, so that fuzzing needs no test library; tests find them here.
@_exported public import Models
