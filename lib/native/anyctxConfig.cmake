# find_package(anyctx): the target anyctx::anyctx. It needs no other package.
include(${CMAKE_CURRENT_LIST_DIR}/anyctxTargets.cmake)
