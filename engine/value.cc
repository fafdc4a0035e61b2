#include "engine/value.h"

#include <stdexcept>

namespace heddle {

void Value::write(std::ostream&) const {
  throw std::logic_error("a " + std::string(type()) + " cannot be written; ask can_write() first");
}

}  // namespace heddle
