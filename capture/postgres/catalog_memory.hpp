#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "capture/postgres/catalog_picture.hpp"

namespace pgmirror::capture::postgres {

/// A picture as bytes, and back. Without what differs from one look to the next or from one asker to another: as_of,
/// sizes, rights. Equal bytes, equal pictures. Throws std::runtime_error for bytes that are no picture of this version.
std::string to_bytes(const CatalogPicture& picture);
CatalogPicture picture_of(std::string_view bytes);

/// The file as it was kept last; nothing where there is none. One that another version has kept is a picture without
/// tables: all that the source has is news then, and tables that the mirror has are compared. Throws
/// std::runtime_error.
std::optional<CatalogPicture> recall_picture(const std::filesystem::path& file);
/// Durable on return: after a crash the file is the old or the new one. Mode 0600. Throws std::system_error.
void keep_picture(const std::filesystem::path& file, const CatalogPicture& picture);

}  // namespace pgmirror::capture::postgres
