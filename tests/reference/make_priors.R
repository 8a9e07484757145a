# Gaussian mixtures with the conjugate prior of Fraley and Raftery (2007), fitted by mclust from given partitions.
#
# From the root of the project:  Rscript tests/reference/make_priors.R
# Reads covariances/*.csv and writes priors.json, both beside this file; README.md says what is in it. Needs mclust.

suppressPackageStartupMessages(library(mclust))
here <- "tests/reference"
univariate <- c(faithful = "x2", iris = "x3", diabetes = "x1")
models <- list(one = c("E", "V"),
               several = c("EII", "VII", "EEI", "VEI", "EVI", "VVI", "EEE", "EEV", "VEV", "VVV"))
# With another mean, and strong enough that every number in it shows.
strong <- function(data, G, modelName, ...) {
  prior <- defaultPrior(data, G, modelName)
  list(shrinkage = 5, mean = apply(as.matrix(data), 2, min), dof = prior$dof + 7, scale = 3 * prior$scale)
}

# mclust stops where two log-likelihoods in a row are the same number. But it is the posterior that climbs, and the
# log-likelihood may turn, so mclust is started again from its memberships until the parameters stay. A log-likelihood
# of NA says that they do not, or that a component has lost its rows.
fit_to_the_end <- function(data, model, z, functionName) {
  last <- Inf
  for (round in 1:10000) {
    fit <- suppressWarnings(me(data, model, z, prior = priorControl(functionName = functionName),
                               control = emControl(tol = c(0, 1e-14), itmax = c(20000, 20000))))
    if (is.na(fit$loglik)) return(fit)
    now <- c(fit$parameters$pro, fit$parameters$mean, fit$parameters$variance$sigma, fit$parameters$variance$sigmasq)
    step <- max(abs(now - last) / (abs(now) + 1e-3 * mean(abs(data))))
    if (step < 1e-14) return(fit)
    last <- now
    z <- fit$z
  }
  if (step > 1e-13) fit$loglik <- NA  # less is rounding that goes round in circles
  fit
}

number <- function(x) ifelse(is.na(x), "null", sprintf("%.15g", x))
array_of <- function(x) paste0("[", paste(x, collapse = ", "), "]")
json <- function(x) {  # a matrix row by row, a three-way array matrix by matrix
  d <- dim(x)
  if (is.null(d)) array_of(number(x))
  else if (length(d) == 2) array_of(apply(x, 1, json))
  else array_of(vapply(seq_len(d[3]), function(k) json(matrix(x[, , k], d[1])), ""))
}

fits <- character()
for (set in names(univariate)) {
  table <- read.csv(file.path(here, "covariances", paste0(set, ".csv")))
  all_columns <- grep("^x", names(table), value = TRUE)
  for (kind in names(models)) for (model in models[[kind]]) for (name in c("defaultPrior", "strong")) {
    for (G in if (name == "strong") 2 else 1:4) {
      columns <- if (kind == "one") univariate[[set]] else all_columns
      x <- as.matrix(table[columns])
      data <- if (kind == "one") x[, 1] else x
      d <- ncol(x)
      fit <- fit_to_the_end(data, model, unmap(table[[paste0("g", G)]]), name)
      prior <- do.call(name, list(data, G, model))
      scale <- if (is.matrix(prior$scale)) json(unname(prior$scale)) else number(prior$scale)
      head <- paste0(
        '{"dataset": "', set, '", "columns": ', array_of(sprintf('"%s"', columns)), ', "components": ', G,
        ', "model": "', model, '", "log_likelihood": ', number(fit$loglik),
        ',\n "prior": {"shrinkage": ', number(prior$shrinkage), ', "mean": ', json(as.vector(prior$mean)),
        ', "dof": ', number(prior$dof), ', "scale": ', scale, "}")
      cat(set, model, name, G, fit$loglik, "\n")
      if (is.na(fit$loglik)) {
        fits <- c(fits, paste0(head, "}"))
        next
      }
      p <- fit$parameters
      covariances <- if (kind == "several") p$variance$sigma
        else array(rep(p$variance$sigmasq, length.out = G), c(1, 1, G))
      fits <- c(fits, paste0(
        head, ',\n "weights": ', json(if (G == 1) 1 else p$pro), ',\n "means": ', json(t(matrix(p$mean, d))),
        ',\n "covariances": ', json(unname(covariances)), "}"))
    }
  }
}
writeLines(c("[", paste(fits, collapse = ",\n"), "]"), file.path(here, "priors.json"))
