// Dialler: gives a connected stream to a target. It resolves the name once, checks every address
// and dials the very address it checked. One event loop.
#pragma once

#include "runtime/http_client/byte_stream.hpp"
#include "runtime/http_client/http_target.hpp"

#include <boost/asio/ip/address.hpp>
#include <memory>
#include <vector>

namespace gatehouse::runtime {

class Dialler {
  public:
    // The target outlives it.
    Dialler(Executor executor, const HttpTarget& target);

    // Ends when limit is cut; the Error is then that of the cut. Errors: GH-D201, 202, 203, 204,
    // 208, GH-R704.
    Task<Result<std::shared_ptr<ByteStream>>> dial(std::shared_ptr<WaitLimit> limit);

  private:
    struct Resolution;
    Task<Result<UniqueFd>> connect(std::shared_ptr<WaitLimit> limit);
    Task<Result<std::vector<boost::asio::ip::address>>> resolve(std::shared_ptr<WaitLimit> limit);

    Executor executor_;
    const HttpTarget& target_;
    std::shared_ptr<TlsTrust> trust_;
    // Names being looked up, also for callers that gave up: the lookup itself cannot be ended.
    std::shared_ptr<int> lookups_ = std::make_shared<int>(0);
};

} // namespace gatehouse::runtime
