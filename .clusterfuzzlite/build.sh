#!/bin/bash -eu
# Builds every target for ClusterFuzzLite and OSS-Fuzz: see their documentation for the environment
# ($SRC, $WORK, $OUT, $CXX, $CXXFLAGS, $LIB_FUZZING_ENGINE). The clone is $SRC/anyctx.
#
# Flags are those that are given, and nothing is linked dynamically but the C and C++ libraries.
root=$SRC/anyctx
deps=$WORK/deps

for library in fmt json CLI11; do
  [ -d "$SRC/$library" ] || continue # then the system has it
  cmake -S "$SRC/$library" -B "$WORK/$library" -G Ninja -DCMAKE_INSTALL_PREFIX="$deps" \
    -DFMT_TEST=OFF -DFMT_DOC=OFF -DJSON_BuildTests=OFF -DCLI11_BUILD_TESTS=OFF \
    -DCLI11_BUILD_DOCS=OFF -DCLI11_BUILD_EXAMPLES=OFF
  cmake --build "$WORK/$library" --target install
done

cmake -S "$root" -B "$WORK/anyctx" -G Ninja -DCMAKE_PREFIX_PATH="$deps" \
  -DANYCTX_ONLY_FUZZERS=ON -DANYCTX_ENGINE="$LIB_FUZZING_ENGINE"
cmake --build "$WORK/anyctx" --target fuzzers runners

"$root/.clusterfuzzlite/pack" "$root" "$WORK/anyctx/bin" "$OUT"
