#include "CMunimentKernels.h"
