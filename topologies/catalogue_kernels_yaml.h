// The `kernels` section of a catalogue file.  Internal to topologies.
#ifndef JEVONS_TOPOLOGIES_CATALOGUE_KERNELS_YAML_H_
#define JEVONS_TOPOLOGIES_CATALOGUE_KERNELS_YAML_H_

#include <map>
#include <string>

#include "topologies/kernels.h"
#include "topologies/yaml_reader.h"

namespace jevons {

// Adds or replaces entries of `kernels`: silicon -> measured_on, link_bytes_per_s and libraries.
Status read_kernels(const YamlReader& reader, const YAML::Node& node,
                    std::map<std::string, SiliconKernels, std::less<>>* kernels);

}  // namespace jevons
#endif  // JEVONS_TOPOLOGIES_CATALOGUE_KERNELS_YAML_H_
