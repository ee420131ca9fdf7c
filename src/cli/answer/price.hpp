#pragma once
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "cli/base/options.hpp"
#include "cli/base/report.hpp"

namespace fitvram::cli {

/// --backend, else what the runtime would use on this GPU.
std::string_view backend_of(const Options& options, const std::optional<Gpu>& gpu);

/// Tokens of all sequences together where no context is asked for; 0 = as trained.
std::uint64_t default_context(const Defaults& defaults, const Workload& workload);

/// The memory that the runtime finds there.
Device device_of(const Gpu& gpu, const Options& options);

/// Prices models under one request and, when there is one, against one GPU.
class Pricer {
 public:
  Pricer(const Options& options, std::optional<Gpu> gpu);

  /// One row, or one for each scheme of --all-quants. An Error where the runtime would refuse,
  /// where a fact is missing, and under --strict where a figure would rest on an assumption.
  /// `memo` is the model's, if any.
  Result<std::vector<Row>> rows(const Model& model, ModelMemo* memo = nullptr) const;
  /// The row of rows(), if its verdict is better than `no`; the same Errors. What was chosen for
  /// one model stands for the next if they differ in name only, as tuned versions do.
  Result<std::optional<Row>> running_row(const Model& model);

 private:
  struct Form {
    Weights weights;
    std::optional<Fit> fit;  ///< where it was found with the weights
  };
  Form form(Row& row, ModelMemo* memo) const;
  Form chosen(Row& row, Choice choice) const;
  /// The quantization is chosen, and nothing but the verdict can go wrong.
  bool only_chooses(const ModelInfo& model, const Workload& workload) const;
  bool chooses(const ModelInfo& model) const;
  const Scheme& loaded_form(const ModelInfo& model) const;
  /// Where there is a device.
  FitRequest request(const ModelInfo& model, const Workload& workload,
                     ModelMemo* memo = nullptr) const;
  Workload workload_of(const ModelInfo& model, std::vector<Note>& notes) const;
  std::optional<Error> refused(const ModelInfo& model, const Workload& workload) const;
  Row priced(Row row, Form form, ModelMemo* memo = nullptr) const;
  QuantAdvice advice(const Row& row) const;
  std::optional<Error> unsound(const Row& row) const;

  struct Chosen {
    Model model;
    std::optional<Choice> choice;
  };
  const std::optional<Choice>& running_choice(const Row& row);

  const Options& options_;
  Chosen last_;
  std::optional<Gpu> gpu_;
  std::optional<Device> device_;
  std::string_view backend_;
};

}  // namespace fitvram::cli
