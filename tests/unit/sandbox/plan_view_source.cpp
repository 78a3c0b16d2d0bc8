// The decoder belongs to the helper program, which is no library; the tests compile it once more.
#include "sandbox/jail/plan_view.cpp"
