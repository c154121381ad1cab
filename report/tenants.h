// Effective training time of each tenant: a table by tenant and policy.
#ifndef JEVONS_REPORT_TENANTS_H_
#define JEVONS_REPORT_TENANTS_H_

#include <string>

#include "report/comparison.h"

namespace jevons {

// ETTR by tenant, means over the seeds that have one; at most kMostTenants, those that asked for most GPU-time in the
// first run, by name, and below them how many are left out.  Empty where there are fewer than two tenants, or no
// failure or preemption that could tell them apart; else it begins with an empty line, and no line passes 80 columns.
constexpr int kMostTenants = 12;
std::string tenant_table(const Comparison& c, bool color);

}  // namespace jevons
#endif  // JEVONS_REPORT_TENANTS_H_
