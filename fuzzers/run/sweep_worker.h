// Sweep worker: does a share of a sweep and prints what it did, one JSON object a line. The tool
// starts several, keeps what they print, and starts them again where one ends before its time.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "fuzzers/engine/target.h"
#include "fuzzers/sweep/options.h"

namespace anyctx::run {

struct SweepOptions {
  std::vector<std::string> files;  // programs; with `scope`, one target
  unsigned scope = 0;              // small-scope programs of up to so many operations
  sweep::Options what;
  // Of all batches, in order, those whose number n is n % shards == shard; of these one in `jobs`.
  unsigned shard = 0;
  unsigned shards = 1;
  unsigned job = 0;
  unsigned jobs = 1;
  std::string done;      // a file of lines "done PROGRAM BATCH", "skip PROGRAM UNIT RUN"
  std::string place;     // a file that says what runs, see SweepPlace
  std::string describe;  // "PROGRAM:UNIT:RUN": print this program's text, and nothing else
};

/// Prints
///   {"program": N, "file": .., "target": .., "units": .., "places": .., "left_out": {..}}
/// for each program of a file; for a small scope, what it is made of,
///   {"program": 0, "scope": {"target": .., "length": N, "programs": N, "alphabet": [..], ..}}
/// and for each batch
///   {"program": N, "batch": N, "batches": N, "tally": {..}, "hits": [..], "exercised": {..}}
/// Returns the exit code. Throws SetupError.
int sweep_share(std::span<const engine::Target> targets, const SweepOptions& options);

}  // namespace anyctx::run
