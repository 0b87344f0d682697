// Failures that are the file system's, not ours.
#pragma once
#include <stdexcept>

namespace legcnet {

/// A file that cannot be opened, written or closed; what() names it and the system's reason.
class FileError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace legcnet
