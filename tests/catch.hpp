#pragma once
// Catch2 2 (Debian 12) and 3 (Ubuntu 24.04) under one include.
#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif

// Each case has its file's tag, which cmake/unit.cmake defines.
#undef TEST_CASE
#define TEST_CASE(name) INTERNAL_CATCH_TESTCASE(name, FITVRAM_TEST_FILE)
