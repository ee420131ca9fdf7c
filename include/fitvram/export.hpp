#pragma once

/// On every function of the public headers: a shared library shows these and hides the rest.
#define FITVRAM_EXPORT [[gnu::visibility("default")]]
