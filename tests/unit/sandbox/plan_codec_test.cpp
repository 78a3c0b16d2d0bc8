#include "sandbox/jail/plan_view.hpp"
#include "sandbox/plan_codec.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <random>
#include <string>

using namespace gatehouse;
using namespace gatehouse::sandbox;

namespace {

// Exactly as large as the plan, so that a sanitizer sees any read past its end.
struct Image {
    explicit Image(std::size_t size_bytes)
        : words(new std::uint64_t[(size_bytes + 7) / 8]()), size(size_bytes) {}
    unsigned char* bytes() { return reinterpret_cast<unsigned char*>(words.get()); }
    std::unique_ptr<std::uint64_t[]> words;
    std::size_t size;
};

const Filters& small_filters() {
    static const Filters filters(FilterProgram(16), FilterProgram(8));
    return filters;
}

LaunchPlan sample_plan() {
    LaunchPlan plan;
    plan.connector = "db";
    plan.code_dir = "/srv/db";
    plan.command = {"node", "server.js", ""};
    plan.env.emplace_back("MODE", "test");
    plan.env.emplace_back("HOME", "/data/home");
    plan.secret_env.emplace_back("TOKEN", Secret(std::string("s3cret")));
    plan.volumes.push_back({"/var/lib/x", "notes"});
    plan.uid = 61'000;
    return plan;
}

Image encode(const LaunchPlan& plan, bool root_mode = true) {
    const auto identity = choose_identity(root_mode, plan.uid, 65534, 65534);
    REQUIRE(identity.has_value());
    JailSettings settings;
    settings.identity = *identity;
    settings.filters = &small_filters();
    const auto image = PlanImage::make(plan, settings);
    if (!image) {
        FAIL(to_text(image.error()));
    }
    Image encoded(image->size_bytes());
    image->write_to({reinterpret_cast<std::byte*>(encoded.bytes()), encoded.size});
    return encoded;
}

bool has_variable(const jail::PlanView& view, const std::string& line) {
    for (std::size_t i = 0; i < view.environment_count; ++i) {
        if (view.environment[i] == line) {
            return true;
        }
    }
    return false;
}

Error refusal(const LaunchPlan& plan) {
    JailSettings settings;
    settings.filters = &small_filters();
    const auto image = PlanImage::make(plan, settings);
    REQUIRE_FALSE(image.has_value());
    return image.error();
}

} // namespace

TEST_CASE("what the daemon encodes is what the jail decodes") {
    Image image = encode(sample_plan());
    auto view = std::make_unique<jail::PlanView>();
    REQUIRE(jail::decode_plan(image.bytes(), image.size, *view));
    CHECK(std::string(view->connector) == "db");
    CHECK(std::string(view->code_dir) == "/srv/db");
    REQUIRE(view->argument_count == 3);
    CHECK(std::string(view->arguments[1]) == "server.js");
    CHECK(std::string(view->arguments[2]).empty());
    CHECK(view->arguments[3] == nullptr);
    CHECK(view->environment_count == 6);
    CHECK(has_variable(*view, "TOKEN=s3cret"));
    CHECK(has_variable(*view, "HOME=/data/home"));
    CHECK_FALSE(has_variable(*view, "HOME=/tmp"));
    REQUIRE(view->volume_count == 1);
    CHECK(std::string(view->volumes[0].first) == "/var/lib/x");
    CHECK(std::string(view->volumes[0].second) == "notes");
    CHECK(view->limits.nofile == 1024);
    CHECK(view->identity.connector_uid == 61'000);
    CHECK(view->identity.init_uid != 61'000);
    CHECK(view->connector_filter.count == 2);
    CHECK(view->init_filter.count == 1);
    CHECK(view->file_count == 6);
}

TEST_CASE("a plan cut short anywhere is refused") {
    Image whole = encode(sample_plan());
    for (std::size_t size = 0; size < whole.size; ++size) {
        Image cut(size);
        std::memcpy(cut.bytes(), whole.bytes(), size);
        if (size >= sizeof(wire::PlanHeader)) {
            const auto total = static_cast<std::uint32_t>(size);
            std::memcpy(cut.bytes() + offsetof(wire::PlanHeader, total_bytes), &total,
                        sizeof total);
        }
        auto view = std::make_unique<jail::PlanView>();
        REQUIRE_FALSE(jail::decode_plan(cut.bytes(), size, *view));
    }
}

TEST_CASE("changed bytes are refused or stay within the plan") {
    Image whole = encode(sample_plan());
    std::mt19937 random(7);
    for (int round = 0; round < 20'000; ++round) {
        Image changed(whole.size);
        std::memcpy(changed.bytes(), whole.bytes(), whole.size);
        for (int i = 0; i < 3; ++i) {
            changed.bytes()[random() % whole.size] = static_cast<unsigned char>(random());
        }
        auto view = std::make_unique<jail::PlanView>();
        if (!jail::decode_plan(changed.bytes(), changed.size, *view)) {
            continue;
        }
        for (std::size_t i = 0; i < view->argument_count; ++i) {
            const auto* text = reinterpret_cast<const unsigned char*>(view->arguments[i]);
            REQUIRE(text >= changed.bytes());
            REQUIRE(text + std::strlen(view->arguments[i]) < changed.bytes() + changed.size);
        }
    }
}

TEST_CASE("an unknown record is refused: it could be a restriction") {
    Image image = encode(sample_plan());
    const std::uint32_t tag = 99;
    std::memcpy(image.bytes() + sizeof(wire::PlanHeader), &tag, sizeof tag);
    auto view = std::make_unique<jail::PlanView>();
    CHECK_FALSE(jail::decode_plan(image.bytes(), image.size, *view));
}

TEST_CASE("in root mode a plan without a foreign uid is refused by both sides") {
    const auto refused = choose_identity(true, 0, 0, 0);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == "GH-S610");

    Image image = encode(sample_plan());
    // The identity is the first record.
    auto* identity = image.bytes() + sizeof(wire::PlanHeader) + sizeof(wire::RecordHeader);
    const std::uint32_t root = 0;
    std::memcpy(identity + offsetof(wire::Identity, connector_uid), &root, sizeof root);
    auto view = std::make_unique<jail::PlanView>();
    CHECK_FALSE(jail::decode_plan(image.bytes(), image.size, *view));
}

TEST_CASE("init is never the same user as the connector") {
    CHECK(choose_identity(true, 65533, 0, 0)->init_uid != 65533);
    CHECK(choose_identity(true, 65532, 0, 0)->init_uid != 65532);
}

TEST_CASE("an ordinary user is mapped to an inner uid that is not 0") {
    const auto identity = choose_identity(false, 0, 1234, 1235);
    CHECK(identity->root_mode == 0);
    CHECK(identity->connector_uid != 0);
    CHECK(identity->outer_uid == 1234);
    CHECK(identity->outer_gid == 1235);
}

TEST_CASE("a plan that cannot be carried out is refused with the field's name") {
    LaunchPlan plan = sample_plan();
    plan.command.clear();
    CHECK(refusal(plan).where == "plan.command");
    plan = sample_plan();
    plan.command[1] = std::string("a\0b", 3);
    CHECK(refusal(plan).where == "plan.command");
    plan = sample_plan();
    plan.code_dir = "relative";
    CHECK(refusal(plan).where == "plan.code_dir");
    plan = sample_plan();
    plan.env.emplace_back("A=B", "c");
    CHECK(refusal(plan).where == "plan.env");
    plan = sample_plan();
    plan.volumes.push_back({"/x", ".."});
    CHECK(refusal(plan).where == "plan.volumes");
    plan = sample_plan();
    plan.volumes.push_back({"/x", "notes"});
    CHECK(refusal(plan).where == "plan.volumes");
    plan = sample_plan();
    plan.command.push_back(std::string(wire::max_plan_bytes, 'x'));
    CHECK(refusal(plan).where == "plan");
}
