// The version of the program, as in CMakeLists.txt.
#ifndef JEVONS_APPS_VERSION_H_
#define JEVONS_APPS_VERSION_H_

namespace jevons {

const char* program_version();  // "0.1.0".

}  // namespace jevons
#endif  // JEVONS_APPS_VERSION_H_
