#include "gateway/http/problem.hpp"

#include <boost/beast/http/status.hpp>
#include <utility>

namespace gatehouse::gateway {

HttpReply json_reply(int status, const Json& body) {
    HttpReply reply;
    reply.status = status;
    reply.body = dump_json(body);
    return reply;
}

HttpReply problem_reply(int status, const Error& error) {
    namespace http = boost::beast::http;
    Json json = Json::object();
    json["type"] = "about:blank";
    json["title"] =
        std::string(http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status))));
    json["status"] = status;
    json["detail"] = to_text(error);
    json["code"] = error.code;
    json["what"] = error.what;
    json["where"] = error.where;
    json["why"] = error.why;
    json["action"] = error.action;
    HttpReply reply = json_reply(status, json);
    reply.content_type = "application/problem+json";
    return reply;
}

} // namespace gatehouse::gateway
