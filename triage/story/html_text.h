// HTML text: what every page of ours is made of.
#pragma once

#include <string>
#include <string_view>

namespace anyctx::triage {

/// With &, <, > and quotes as entities: safe as text and as the value of an attribute.
std::string escaped(std::string_view text);

/// A whole page: nothing in it comes from anywhere else. `body` is HTML, `script` may be empty.
std::string html_page(std::string_view title, std::string_view body, std::string_view script);

}  // namespace anyctx::triage
