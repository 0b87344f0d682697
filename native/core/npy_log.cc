#include "npy_log.h"

#include <cerrno>
#include <cstring>

#include "file_error.h"

namespace legcnet {
namespace {
constexpr size_t kHeaderBytes = 128;  // fixed, so that a longer row count fits in place
}

template <typename T>
NpyLog<T>::NpyLog(const std::string& path, size_t columns, uint64_t resume_rows)
    : path_(path),
      file_(std::fopen(path.c_str(), resume_rows > 0 ? "r+b" : "w+b")),
      columns_(columns),
      rows_(resume_rows) {
  if (!file_) fail("open");
  write_header();
  const auto end = static_cast<long>(kHeaderBytes + rows_ * columns_ * sizeof(T));
  if (std::fseek(file_, end, SEEK_SET) != 0) fail("seek in");
}

template <typename T>
NpyLog<T>::~NpyLog() {
  try {
    flush();
  } catch (const std::exception&) {
    // the rows written before the last good flush stay readable
  }
  std::fclose(file_);
}

template <typename T>
void NpyLog<T>::append(const T* row) {
  if (std::fwrite(row, sizeof(T), columns_, file_) != columns_) fail("write to");
  ++rows_;
  appended_ = true;
}

template <typename T>
void NpyLog<T>::flush() {
  if (!appended_) return;
  if (std::fflush(file_) != 0) fail("write to");
  const long end = std::ftell(file_);
  write_header();
  if (std::fseek(file_, end, SEEK_SET) != 0) fail("seek in");
  appended_ = false;
}

template <typename T>
void NpyLog<T>::write_header() {
  char header[kHeaderBytes + 1];
  const int length = std::snprintf(header + 10, kHeaderBytes - 10,
                                   "{'descr': '<f%zu', 'fortran_order': False, 'shape': (%llu, %zu), }", sizeof(T),
                                   static_cast<unsigned long long>(rows_), columns_);
  std::memset(header + 10 + length, ' ', kHeaderBytes - 10 - static_cast<size_t>(length));
  std::memcpy(header, "\x93NUMPY\x01\x00", 8);
  header[8] = static_cast<char>(kHeaderBytes - 10);
  header[9] = 0;
  header[kHeaderBytes - 1] = '\n';
  if (std::fseek(file_, 0, SEEK_SET) != 0) fail("seek in");
  if (std::fwrite(header, 1, kHeaderBytes, file_) != kHeaderBytes || std::fflush(file_) != 0) fail("write to");
}

template <typename T>
void NpyLog<T>::fail(const char* what) const {
  throw FileError(std::string("cannot ") + what + " the weight log " + path_ + ": " + std::strerror(errno));
}

template class NpyLog<float>;
template class NpyLog<double>;

}  // namespace legcnet
