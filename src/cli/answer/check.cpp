#include "cli/answer/check.hpp"

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "cli/answer/baseline.hpp"
#include "cli/answer/inputs.hpp"
#include "cli/answer/session.hpp"
#include "cli/ask/entries.hpp"
#include "cli/base/formatted.hpp"
#include "cli/show/words.hpp"

namespace fitvram::cli {
namespace {

std::string bytes_of(Bytes bytes) {
  return formatted("{} ({} bytes)", format_bytes(bytes), bytes.count);
}

/// What an entry without a name is called: what it asks for, so that it keeps its name when
/// others come and go.
std::string label_of(const Request& request) {
  if (!request.name.empty()) return request.name;
  std::string name = request.config.empty() ? request.model : "inline config";
  for (const auto& field : request.fields) {
    const bool plain = field.key == "gpu" || field.key == "quant";
    name += name.empty() ? "" : " ";
    name += plain ? field.text : field.key + "=" + field.text;
  }
  return name;
}

void judge_verdict(const Row& row, Verdict expected, std::vector<Breach>& to) {
  const auto& fit = *row.fit;
  if (expected == Verdict::no) {
    if (fit.verdict != Verdict::no)
      to.push_back({"verdict", formatted("is {} on {}, though it is expected not to fit",
                                         name_of(fit.verdict), row.gpu->name)});
    return;
  }
  if (fit.verdict == Verdict::no)
    to.push_back({"verdict",
                  formatted("does not fit {}: it needs {}, {} GiB more than its {}", row.gpu->name,
                            bytes_of(fit.need), signed_gib(-fit.free), gib(fit.vram))});
  else if (fit.verdict == Verdict::tight && expected == Verdict::fits)
    to.push_back(
        {"verdict", formatted("is tight on {}: {} of {} GiB free, reserve {}", row.gpu->name,
                              signed_gib(fit.free), gib(fit.vram), gib(fit.reserve))});
}

std::vector<Breach> judged(const Row& row, const Expectation& expect) {
  std::vector<Breach> breaches;
  if (row.fit) judge_verdict(row, expect.verdict.value_or(Verdict::tight), breaches);
  const auto total = row.memory.device_total();
  if (expect.max_bytes && total > *expect.max_bytes)
    breaches.push_back({"max-bytes", formatted("takes {}, more than {}", bytes_of(total),
                                               bytes_of(*expect.max_bytes))});
  const auto reaches = [&](const char* code, const char* what, std::uint64_t most,
                           const std::optional<std::uint64_t>& least) {
    if (!least || most >= *least) return;
    const auto reached = most == 0 ? "no context" : formatted("at most {} tokens", most);
    breaches.push_back({code, formatted("{} with {}, not {} tokens", what, reached, *least)});
  };
  if (row.fit) reaches("min-ctx", "runs", row.fit->max_n_ctx, expect.min_ctx);
  if (row.fit) reaches("min-safe-ctx", "fits", row.fit->safe_n_ctx, expect.min_safe_ctx);
  return breaches;
}

/// What the entry asks that only a GPU could answer.
std::optional<Error> unanswerable(const Request& request, const Row& row, const Options& options) {
  const auto expect = request.expect.value_or(Expectation{});
  if (row.fit) return std::nullopt;
  const auto where = options.checks + ":" + std::to_string(request.line);
  const std::string hint = "name one: \"gpu\": \"RTX 4090\", or \"vram\": \"24G\"";
  if (expect.verdict || expect.min_ctx || expect.min_safe_ctx)
    return Error{ErrorCode::missing_field, where + ": /expect", "needs a GPU", hint};
  if (!expect.max_bytes && options.baseline.empty())
    return Error{ErrorCode::missing_field, where, "expects nothing",
                 hint + ", or what it may take: \"expect\": {\"max_bytes\": \"8GiB\"}"};
  return std::nullopt;
}

Bytes allowed(Bytes before, const Tolerance& tolerance) {
  constexpr std::uint64_t whole = 10'000;
  const auto share = tolerance.hundredths_of_percent;
  return before + before / whole * share + Bytes{before.count % whole * share / whole} +
         tolerance.bytes;
}

void judge_growth(CheckedEntry& entry, const Baseline& baseline, const Tolerance& tolerance) {
  const auto* before = baseline.find(entry.name);
  if (before == nullptr || !entry.row) return;
  entry.baseline = before->device;
  const auto now = entry.row->memory.device_total();
  if (now > allowed(before->device, tolerance))
    entry.breaches.push_back({"growth", formatted("has grown by {} to {}",
                                                  bytes_of(now - before->device), bytes_of(now))});
}

class Checker {
 public:
  Checker(const Options& options, Session session)
      : options_(options), session_(std::move(session)) {
    report.file = file_;
    report.baseline_file = options.baseline;
  }

  void check(const Requests& requests) {
    if (requests.defaults) {
      auto defaults = parse_request(*requests.defaults, file_, true);
      if (!defaults) return refuse("defaults", requests.defaults->line, defaults.error());
      defaults_ = std::move(*defaults);
    }
    for (const auto& text : requests.entries) add(text);
    for (const auto& [line, error] : requests.errors) refuse("", line, error);
    if (requests.entries.empty() && requests.errors.empty())
      refuse("", 1,
             {ErrorCode::missing_field, file_, "holds no entries",
              "{\"entries\": [{\"model\": \"gemma-3-27b\", \"gpu\": \"RTX 4090\"}]}"});
  }

  void hold_against(const Baseline& baseline) {
    for (auto& entry : report.entries) judge_growth(entry, baseline, options_.tolerance);
    for (const auto& old : baseline.entries)
      if (!lines_.contains(old.name)) report.gone.push_back(old.name);
  }

  CheckReport report;

 private:
  void refuse(const std::string& name, std::size_t line, Error error) {
    CheckedEntry entry;
    entry.name = name.empty() ? "line " + std::to_string(line) : name;
    entry.line = line;
    entry.error = std::move(error);
    report.entries.push_back(std::move(entry));
  }

  void add(const RequestText& text) {
    auto parsed = parse_request(text, file_, true);
    if (!parsed) return refuse(name_in(text.text), text.line, parsed.error());
    const auto name = label_of(*parsed);
    const auto request = over_defaults(std::move(*parsed));
    const auto [at, fresh] = lines_.emplace(name, text.line);
    if (!fresh)
      return refuse(name, text.line,
                    {ErrorCode::ambiguous, file_ + ":" + std::to_string(text.line),
                     formatted("has the name of the entry in line {}", at->second),
                     "give it a \"name\" of its own"});
    auto priced = session_.price(request, directory_, file_);
    if (!priced) return refuse(name, text.line, priced.error());
    if (auto error = unanswerable(request, priced->row, options_))
      return refuse(name, text.line, std::move(*error));
    CheckedEntry entry;
    entry.name = name;
    entry.line = text.line;
    entry.breaches = judged(priced->row, request.expect.value_or(Expectation{}));
    entry.row = std::move(priced->row);
    entry.runtime = priced->runtime;
    report.entries.push_back(std::move(entry));
  }

  /// What an entry says comes last, and the last counts.
  Request over_defaults(Request request) const {
    if (!defaults_) return request;
    const auto names_gpu = [](const RequestField& field) {
      return field.key == "gpu" || field.key == "vram" || field.key == "gpu_count";
    };
    const bool own_gpu = std::any_of(request.fields.begin(), request.fields.end(), names_gpu);
    std::vector<RequestField> fields;
    for (const auto& field : defaults_->fields)
      if (!own_gpu || !names_gpu(field)) fields.push_back(field);
    fields.insert(fields.end(), request.fields.begin(), request.fields.end());
    request.fields = std::move(fields);
    if (request.model.empty() && request.config.empty()) {
      request.model = defaults_->model;
      request.config = defaults_->config;
    }
    if (!request.expect) request.expect = defaults_->expect;
    return request;
  }

  const Options& options_;
  Session session_;
  std::string file_ = options_.checks == "-" ? std::string(standard_input) : options_.checks;
  std::string directory_ = options_.checks == "-" ? "." : directory_of(options_.checks);
  std::optional<Request> defaults_;
  std::map<std::string, std::size_t> lines_;
};

Result<Baseline> read_baseline(Io& io, const std::string& file) {
  if (io.kind_of(file) == PathKind::missing)
    return Error{ErrorCode::io, file, "no such file", "--write-baseline writes it"};
  const auto bytes = io.read_file(file);
  if (!bytes) return bytes.error();
  return parse_baseline({reinterpret_cast<const char*>(bytes->data()), bytes->size()}, file);
}

/// The totals of now; an entry that could not be priced keeps the one it had.
Baseline baseline_of(const CheckReport& report, const Baseline& before) {
  Baseline baseline;
  for (const auto& entry : report.entries) {
    const auto* old = before.find(entry.name);
    if (entry.row)
      baseline.entries.push_back({entry.name, entry.row->memory.device_total()});
    else if (old != nullptr)
      baseline.entries.push_back(*old);
  }
  return baseline;
}

}  // namespace

Result<Report> run_check(Io& io, const Options& options) {
  auto session = Session::open(io, options);
  if (!session) return session.error();
  std::optional<Baseline> baseline;
  if (!options.baseline.empty()) {
    auto read = read_baseline(io, options.baseline);
    if (!read && !options.write_baseline) return read.error();
    baseline = read ? std::move(*read) : Baseline{};
  }
  const auto bytes = options.checks == "-" ? io.read_stdin() : io.read_file(options.checks);
  if (!bytes) return bytes.error();
  const std::string text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  Checker checker(options, std::move(*session));
  checker.check(cut_requests(text, checker.report.file));
  if (options.write_baseline) {
    if (auto error = io.write_file(options.baseline,
                                   render_baseline(baseline_of(checker.report, *baseline))))
      return *error;
  } else if (baseline) {
    checker.hold_against(*baseline);
  }
  Report report;
  report.runtime = options.runtime;
  report.body = std::move(checker.report);
  return report;
}

}  // namespace fitvram::cli
