// SPDX-License-Identifier: MIT
// What is compiled of it is named by -include.
