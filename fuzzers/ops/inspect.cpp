#include "fuzzers/ops/inspect.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "fuzzers/ops/binary.h"
#include "fuzzers/ops/text.h"

namespace anyctx::program {
namespace {

Inspection newer(std::string_view form, unsigned version, unsigned known) {
  return {FileKind::newer, version, 0,
          fmt::format("written by a newer anyctx: {} version {}, this one reads up to {}", form,
                      version, known)};
}

Inspection inspect_binary(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < kHeaderSize)
    return {FileKind::truncated, 0, 0,
            fmt::format("truncated: {} bytes, the header alone has {}", bytes.size(), kHeaderSize)};
  const unsigned version = bytes[4];
  if (version > kBinaryVersion) return newer("binary", version, kBinaryVersion);
  if (version == 0) return {FileKind::foreign, 0, 0, "not an anyctx program: binary version 0"};
  const std::size_t size = kHeaderSize + ByteReader(bytes.subspan(6)).u16();
  if (bytes.size() < size)
    return {FileKind::truncated, version, bytes[5],
            fmt::format("truncated: {} of {} bytes", bytes.size(), size)};
  return {FileKind::binary, version, bytes[5], {}};
}

}  // namespace

Inspection inspect(std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return {FileKind::foreign, 0, 0, "not an anyctx program: the file is empty"};
  const std::size_t magic = std::min(bytes.size(), std::size(kMagic));
  if (std::equal(kMagic, kMagic + magic, bytes.begin())) return inspect_binary(bytes);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const TextHeader header = text_header(text);
  if (!header.found)
    return {FileKind::foreign, 0, 0,
            "not an anyctx program: neither text ('anyctx 1 target=...') nor binary"};
  if (header.version > kTextVersion) return newer("text", header.version, kTextVersion);
  return {FileKind::text, header.version, 0, {}};
}

}  // namespace anyctx::program
