// Result<T>: a value or an Error. The way every expected failure travels; exceptions stay inside
// the adapters around libraries that throw. Reading the side that is not there ends the process.
#pragma once

#include "runtime/base/assert.hpp"
#include "runtime/base/error.hpp"

#include <utility>
#include <variant>

namespace gatehouse {

template <class T>
class [[nodiscard]] Result {
  public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    bool has_value() const { return state_.index() == 0; }
    explicit operator bool() const { return has_value(); }

    T& value() & {
        GH_ASSERT(has_value());
        return std::get<0>(state_);
    }
    const T& value() const& {
        GH_ASSERT(has_value());
        return std::get<0>(state_);
    }
    T&& value() && {
        GH_ASSERT(has_value());
        return std::get<0>(std::move(state_));
    }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    const Error& error() const& {
        GH_ASSERT(!has_value());
        return std::get<1>(state_);
    }
    Error&& error() && {
        GH_ASSERT(!has_value());
        return std::get<1>(std::move(state_));
    }

  private:
    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
  public:
    Result() = default;
    Result(Error error) : error_(std::move(error)), failed_(true) {}

    bool has_value() const { return !failed_; }
    explicit operator bool() const { return has_value(); }
    const Error& error() const& {
        GH_ASSERT(failed_);
        return error_;
    }
    Error&& error() && {
        GH_ASSERT(failed_);
        return std::move(error_);
    }

  private:
    Error error_;
    bool failed_ = false;
};

} // namespace gatehouse
