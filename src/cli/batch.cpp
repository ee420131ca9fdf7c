#include "cli/batch.hpp"

#include "cli/desk.hpp"
#include "cli/inputs.hpp"
#include "cli/render.hpp"
#include "cli/render_words.hpp"
#include "cli/requests.hpp"
#include "text.hpp"

namespace fitvram::cli {
namespace {

constexpr std::size_t most_kept = std::size_t{1} << 16;

struct Tally {
  std::size_t requests = 0;
  std::size_t refused = 0;
  std::string first;
};

std::string answer_line(Desk& desk, std::string_view line, std::size_t number,
                        const std::string& file, Tally& tally) {
  const RequestText text{line, number};
  auto request = parse_request(text, file, false);
  auto answer = request ? desk.answer(*request, ".", file) : Result<Answer>(request.error());
  ++tally.requests;
  if (answer) return render_answer(number, request->id, answer->row, *answer->runtime);
  if (++tally.refused == 1) tally.first = answer.error().where + ": " + answer.error().message;
  return render_refusal(number, request ? request->id : id_in(line), answer.error());
}

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
  auto desk = Desk::open(io, options);
  if (!desk) return refuse(desk.error());
  auto lines = io.read_lines(options.batch);
  if (!lines) return refuse(lines.error());
  Tally tally;
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
      out += answer_line(*desk, **line, number, file, tally);
    } else if (line.error().code == ErrorCode::limit) {
      ++tally.requests;
      if (++tally.refused == 1) tally.first = file + ": " + line.error().message;
      out += render_refusal(number, "", line.error());
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
