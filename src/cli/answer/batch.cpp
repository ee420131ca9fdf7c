#include "cli/answer/batch.hpp"

#include <unordered_map>
#include <utility>

#include "base/text.hpp"
#include "cli/answer/inputs.hpp"
#include "cli/answer/session.hpp"
#include "cli/ask/plain.hpp"
#include "cli/ask/request.hpp"
#include "cli/base/prose.hpp"
#include "cli/show/ndjson.hpp"
#include "cli/show/notes.hpp"

namespace fitvram::cli {
namespace {

constexpr std::size_t most_kept = std::size_t{1} << 16;

struct Tally {
  std::size_t requests = 0;
  std::size_t refused = 0;
  std::string first;
};

/// Everything that an answer depends on. Each text is led by its length: any byte may stand in one.
std::string question_of(const Request& request) {
  std::string question;
  question.reserve(256);
  const auto add = [&](std::string_view text) {
    question.append(std::to_string(text.size())).push_back(':');
    question.append(text);
  };
  for (const auto* text : {&request.model, &request.name, &request.config}) add(*text);
  for (const auto& field : request.fields) {
    add(field.key);
    add(field.text);
    question.push_back(static_cast<char>('0' + static_cast<int>(field.kind)));
  }
  return question;
}

/// What was answered lately: of many who ask, most ask the same.
class Answered {
 public:
  const std::string* find(const std::string& question) const {
    const auto known = results_.find(question);
    return known == results_.end() ? nullptr : &known->second;
  }
  const std::string& keep(std::string question, std::string result) {
    n_bytes_ += question.size() + result.size();
    if (n_bytes_ > most_bytes) {
      results_.clear();
      n_bytes_ = question.size() + result.size();
    }
    return results_.insert_or_assign(std::move(question), std::move(result)).first->second;
  }

 private:
  static constexpr std::size_t most_bytes = std::size_t{1} << 23;

  std::unordered_map<std::string, std::string> results_;
  std::size_t n_bytes_ = 0;
};

/// Answers requests one after the other.
struct Batch {
  Session session;
  Answered answered;
  std::string file;
  Tally tally;

  Result<const std::string*> result_of(const Request& request) {
    auto question = question_of(request);
    if (const auto* known = answered.find(question)) return known;
    const auto priced = session.price(request, ".", file);
    if (!priced) return priced.error();
    return &answered.keep(std::move(question), render_result(priced->row, *priced->runtime));
  }

  void add_line(std::string& out, const RequestText& text) {
    auto plain = plain_request(text);
    const auto request =
        plain ? Result<Request>(std::move(*plain)) : parse_request(text, file, false);
    const auto result = request ? result_of(*request) : Result<const std::string*>(request.error());
    ++tally.requests;
    if (result) return add_answer(out, text.line, request->id, **result);
    if (++tally.refused == 1) tally.first = result.error().where + ": " + result.error().message;
    add_refusal(out, text.line, request ? request->id : id_in(text.text), result.error());
  }
};

bool blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

}  // namespace

ExitCode run_batch(Io& io, const Options& options) {
  const std::string file = options.batch == "-" ? std::string(standard_input) : options.batch;
  const auto refuse = [&](const Error& error) {
    io.write_err(render_error(error));
    return ExitCode::bad_input;
  };
  auto session = Session::open(io, options);
  if (!session) return refuse(session.error());
  auto lines = io.read_lines(options.batch);
  if (!lines) return refuse(lines.error());
  Batch batch{std::move(*session), {}, file, {}};
  Tally& tally = batch.tally;
  std::string out;
  for (std::size_t number = 1;; ++number) {
    if (!out.empty() && (!(*lines)->ready() || out.size() > most_kept)) {
      if (const auto error = io.write_out(out)) return refuse(*error);
      out.clear();
    }
    const auto line = (*lines)->next();
    if (line && !*line) break;
    if (line && blank(**line)) continue;
    if (line) {
      batch.add_line(out, {**line, number});
    } else if (line.error().code == ErrorCode::limit) {
      ++tally.requests;
      if (++tally.refused == 1) tally.first = file + ": " + line.error().message;
      add_refusal(out, number, "", line.error());
    } else {
      if (!out.empty()) io.write_out(out);
      return refuse(line.error());
    }
  }
  if (const auto error = out.empty() ? std::nullopt : io.write_out(out)) return refuse(*error);
  if (tally.refused != 0)
    io.write_err("fitvram: note: " + std::to_string(tally.refused) + " of " +
                 plural(tally.requests, "request") +
                 " could not be answered, the first: " + printable(tally.first) + "\n");
  return ExitCode::ok;
}

}  // namespace fitvram::cli
