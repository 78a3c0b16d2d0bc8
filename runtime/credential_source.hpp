// CredentialSource: where the supervisor gets a connector's shared secrets at launch. The gateway's
// credential broker implements it; a secret leaves it only into a launch plan.
#pragma once

#include "runtime/base/ids.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/secret.hpp"

namespace gatehouse::runtime {

class CredentialSource {
  public:
    virtual ~CredentialSource() = default;
    // Errors: GH-A102 not set, GH-A105 the vault is sealed.
    virtual Result<Secret> shared_secret(const SecretName& name) = 0;
};

} // namespace gatehouse::runtime
