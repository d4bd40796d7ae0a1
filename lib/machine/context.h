// Execution contexts of a CPU, innermost last. Source: Linux 7.3 preempt_count() layout.
#pragma once

#include <cstdint>
#include <string_view>

namespace anyctx::machine {

/// What kind of code a CPU runs. A context may be interrupted only by one with a greater value;
/// an NMI is not re-entered. (Re-entry from a probe is not a context: it runs in the context of
/// the code it was placed in, with that code's locks held.)
enum class Context : std::uint8_t { task, softirq, hardirq, nmi };

constexpr std::string_view to_string(Context context) {
  constexpr std::string_view names[] = {"task", "softirq", "hardirq", "nmi"};
  return names[static_cast<unsigned>(context)];
}

/// Interrupt state saved by irq_save(), to be given back to irq_restore() in LIFO order.
enum class IrqState : std::uint8_t { enabled, disabled };

}  // namespace anyctx::machine
