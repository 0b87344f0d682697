// An .npy file that grows row by row and is valid at every flush, so that numpy can memory-map it while training runs.
#pragma once
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

namespace legcnet {

/// [rows, columns], little-endian float of sizeof(T) bytes, C order. Throws std::runtime_error when the disk does not
/// take it.
template <typename T>
class NpyLog {
 public:
  /// Creates the file, or, with resume_rows > 0, continues an existing one after that many rows.
  NpyLog(const std::string& path, size_t columns, uint64_t resume_rows);
  ~NpyLog();
  NpyLog(const NpyLog&) = delete;
  NpyLog& operator=(const NpyLog&) = delete;

  void append(const T* row);
  /// Rewrites the row count in the header, if there are new rows: the file may be somebody else's by now.
  void flush();

 private:
  void write_header();
  [[noreturn]] void fail(const char* what) const;

  std::string path_;
  std::FILE* file_;
  size_t columns_;
  uint64_t rows_;
  bool appended_ = false;  // since the last flush
};

}  // namespace legcnet
