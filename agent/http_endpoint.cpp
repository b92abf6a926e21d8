#include "agent/http_endpoint.hpp"

// Boost 1.74 uses std::exchange without including it, and its coroutines are not for this compiler.
#include <utility>
#define BOOST_ASIO_DISABLE_CO_AWAIT
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <optional>
#include <system_error>
#include <thread>

#include "agent/http_answer.hpp"

namespace pgmirror::agent {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::chrono::seconds patience{10};
constexpr std::chrono::seconds pause_after_failure{1};
constexpr std::uint32_t most_header_bytes = 8192;
constexpr std::size_t most_connections = 64;

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

struct ListenAddress {
  std::string host;
  std::string port;
};

ListenAddress parse(const std::string& listen) {
  const std::size_t colon = listen.rfind(':');
  std::string host = colon == std::string::npos ? listen : listen.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return {host, colon == std::string::npos ? "0" : listen.substr(colon + 1)};
}

}  // namespace

class HttpEndpoint::Listener {
 public:
  Listener(const std::string& listen, std::function<AgentStatus()> status)
      : status_(std::move(status)), host_(parse(listen).host), acceptor_(context_), pause_(context_) {
    open(parse(listen), listen);
    accept();
    thread_ = std::thread([this] { context_.run(); });
  }
  ~Listener() {
    context_.stop();
    thread_.join();
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  class Session;

  void open(const ListenAddress& address, const std::string& listen) {
    try {
      const tcp::endpoint endpoint =
          *tcp::resolver(context_).resolve(address.host, address.port, tcp::resolver::passive).begin();
      acceptor_.open(endpoint.protocol());
      acceptor_.set_option(tcp::acceptor::reuse_address(true));
      acceptor_.bind(endpoint);
      acceptor_.listen();
    } catch (const boost::system::system_error& error) {
      throw std::system_error(
          std::error_code(error.code()),
          fmt::format("http endpoint {}: cannot listen there; mend MIRROR_HTTP_LISTEN or leave it empty", listen));
    }
  }

  void accept();

  std::function<AgentStatus()> status_;
  std::string host_;
  std::size_t connections_ = 0;  ///< before the context, whose end ends the sessions that count themselves here
  asio::io_context context_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  std::thread thread_;
};

/// One connection, request after request. Lives as long as something of it is under way.
class HttpEndpoint::Listener::Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Listener& listener, tcp::socket socket) : listener_(listener), stream_(std::move(socket)) {
    ++listener_.connections_;
  }
  ~Session() { --listener_.connections_; }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void read() {
    parser_.emplace();
    parser_->header_limit(most_header_bytes);
    parser_->body_limit(0);
    stream_.expires_after(patience);
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) {
      if (!error) self->answer();
    });
  }

 private:
  void answer() {
    const auto& request = parser_->get();
    HttpAnswer answer{421, "text/plain; charset=utf-8", "this endpoint is not known under that name\n"};
    if (host_is_accepted(view(request[http::field::host]), listener_.host_)) {
      try {
        answer = http_answer(view(request.method_string()), view(request.target()), listener_.status_);
      } catch (const std::exception& failure) {
        spdlog::error("[MirrorHttp] {}", failure.what());
        answer = {500, "text/plain; charset=utf-8", "see the agent's log\n"};
      }
    }
    write(answer, request);
  }

  void write(const HttpAnswer& answer, const http::request<http::empty_body>& request) {
    response_ = {};
    response_.version(request.version());
    response_.result(answer.status);
    response_.set(http::field::content_type, answer.content_type);
    response_.set(http::field::cache_control, "no-store");
    response_.set("X-Content-Type-Options", "nosniff");
    response_.set("Content-Security-Policy", "default-src 'none'");
    response_.keep_alive(request.keep_alive());
    const std::size_t size = answer.body.size();
    if (request.method() != http::verb::head) response_.body() = answer.body;
    response_.content_length(size);
    stream_.expires_after(patience);
    http::async_write(stream_, response_, [self = shared_from_this()](error_code error, std::size_t) {
      if (error) return;
      if (self->response_.keep_alive()) return self->read();
      error_code closing;
      self->stream_.socket().shutdown(tcp::socket::shutdown_send, closing);
    });
  }

  Listener& listener_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_{std::size_t{2} * most_header_bytes};
  std::optional<http::request_parser<http::empty_body>> parser_;
  http::response<http::string_body> response_;
};

void HttpEndpoint::Listener::accept() {
  acceptor_.async_accept([this](error_code error, tcp::socket socket) {
    if (error) {
      spdlog::warn("[MirrorHttp] a connection could not be taken: {}", error.message());
      pause_.expires_after(pause_after_failure);
      return pause_.async_wait([this](error_code) { accept(); });
    }
    if (connections_ < most_connections) std::make_shared<Session>(*this, std::move(socket))->read();
    accept();
  });
}

HttpEndpoint::HttpEndpoint(const std::string& listen, std::function<AgentStatus()> status)
    : listener_(std::make_unique<Listener>(listen, std::move(status))) {}

HttpEndpoint::~HttpEndpoint() = default;

std::uint16_t HttpEndpoint::port() const { return listener_->port(); }

}  // namespace pgmirror::agent
