#pragma once
#include <cstddef>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/answer/price.hpp"
#include "cli/ask/request.hpp"
#include "cli/base/io.hpp"
#include "cli/base/options.hpp"
#include "fitvram/catalog.hpp"
#include "fitvram/gpu.hpp"

namespace fitvram::cli {

/// A priced request and the rules it was priced by.
struct Priced {
  Row row;
  const Runtime* runtime = nullptr;
};

/// Where requests are answered: the tables are read once, and the latest models stay at hand.
class Session {
 public:
  /// The command line is what requests leave out.
  static Result<Session> open(Io& io, const Options& options);

  /// Prices one request. Models are named relative to `directory`. Errors stand at `file`:LINE.
  Result<Priced> price(const Request& request, const std::string& directory,
                       const std::string& file);

 private:
  /// What decides which model a request means: its word, or its config and the name it gives that.
  struct Key {
    std::string word, config, name;
    friend bool operator==(const Key&, const Key&) = default;
    std::size_t size() const { return word.size() + config.size() + name.size(); }
  };
  struct Known {
    Key key;
    Model model;
    ModelMemo memo;
  };

  Session(Io& io, const Options& options, std::vector<CatalogEntry> catalog,
          std::vector<GpuCard> cards);
  /// A model and, where it stays at hand, its memo.
  struct Found {
    Model model;
    ModelMemo* memo = nullptr;
  };
  Result<Found> model_of(const Request& request, const std::string& directory);
  Result<std::optional<Gpu>> card_of(const Options& options);
  Result<ModelInfo> read(const Request& request, const std::string& word);

  Io* io_;
  Options options_;
  std::vector<CatalogEntry> catalog_;
  std::vector<GpuCard> cards_;
  std::list<Known> known_;           ///< the latest first
  std::map<std::string, Gpu> gpus_;  ///< of table `cards_`, by the words of requests
};

}  // namespace fitvram::cli
