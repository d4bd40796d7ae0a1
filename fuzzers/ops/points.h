// Points: the names of decision points, resolved through a schema.
//
// The site of operation boundaries is known to every schema, listed or not.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fuzzers/ops/schema.h"

namespace anyctx::program {

/// The row of a site; null if the schema does not know it.
const machine::SiteInfo* find_site(const Schema& schema, machine::Site site);

/// True if the point has a name: its site is known and this kind of site has such a verb. The verb
/// need not be one that today's algorithms use: recorded programs outlive such lists.
bool is_point(const Schema& schema, machine::PointId point);

/// True if a failure may be injected at this point.
bool can_fail(const Schema& schema, machine::PointId point);

/// True if this point raises deferred work, so that its interrupt can be delayed.
bool can_delay(const Schema& schema, machine::PointId point);

/// True if something in the target may run in a worker.
bool has_workers(const Schema& schema);

/// "slab.list_lock.trylock", or "page.watermark" for sites with one nameless verb. `point` must be
/// one for which is_point() holds.
std::string point_name(const Schema& schema, machine::PointId point);

/// The inverse of point_name().
std::optional<machine::PointId> find_point(const Schema& schema, std::string_view name);

/// Every point that the site tables list as used, in table order: the catalogue.
std::vector<machine::PointId> listed_points(const Schema& schema);

}  // namespace anyctx::program
