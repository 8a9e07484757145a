# Gaussian mixtures of the fourteen covariance structures, fitted by mclust from given partitions.
#
# From the root of the project:  Rscript tests/reference/make_covariances.R
# Writes tests/reference/covariances/*.csv (data, and a partition into 1 .. 5 groups in columns g1 .. g5),
# tests/reference/covariances.csv (log-likelihood, number of parameters) and tests/reference/covariances_vve.csv (where
# the fits of VVE ended, see README.md). Needs mclust.

suppressPackageStartupMessages(library(mclust))
here <- "tests/reference"
dir.create(file.path(here, "covariances"), showWarnings = FALSE)

data(diabetes, banknote, package = "mclust")
sets <- list(
  iris = iris[, 1:4], faithful = faithful,
  diabetes = diabetes[, c("glucose", "insulin", "sspg")], banknote = banknote[, -1]
)
models <- c("EII", "VII", "EEI", "VEI", "EVI", "VVI", "EEE", "VEE", "EVE", "VVE", "EEV", "VEV", "EVV", "VVV")
control <- emControl(tol = c(1e-14, 1e-13), itmax = c(20000, 20000))

rows <- ends <- NULL
for (set in names(sets)) {
  x <- as.matrix(sets[[set]])
  tree <- hc(x, modelName = "VVV", use = "SVD")
  table <- data.frame(x)
  names(table) <- paste0("x", seq_len(ncol(x)))
  for (G in 1:5) {
    group <- if (G == 1) rep(1L, nrow(x)) else as.vector(hclass(tree, G))
    table[[paste0("g", G)]] <- group
    for (model in models) {
      fit <- suppressWarnings(try(me(x, model, unmap(group), control = control), silent = TRUE))
      ok <- !inherits(fit, "try-error") && is.finite(fit$loglik)
      rows <- rbind(rows, data.frame(
        dataset = set, components = G, model = model, n_parameters = nMclustParams(model, ncol(x), G),
        log_likelihood = if (ok) sprintf("%.17g", fit$loglik) else "",
        iterations = if (ok) as.character(attr(fit, "info")["iterations"]) else ""
      ))
      if (model == "VVE") for (k in 1:G) {
        values <- c(fit$parameters$mean[, k], fit$parameters$variance$sigma[, , k])
        ends <- rbind(ends, data.frame(
          dataset = set, components = G, weight = sprintf("%.17g", if (G == 1) 1 else fit$parameters$pro[k]),
          mean_and_covariance = paste(sprintf("%.17g", values), collapse = " ")
        ))
      }
    }
  }
  write.csv(table, file.path(here, "covariances", paste0(set, ".csv")), row.names = FALSE, quote = FALSE)
}
write.csv(rows, file.path(here, "covariances.csv"), row.names = FALSE, quote = FALSE)
write.csv(ends, file.path(here, "covariances_vve.csv"), row.names = FALSE, quote = FALSE)
