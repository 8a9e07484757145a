# Two normal clusters on a uniform background, fitted by mclust with its noise component.
#
# From the root of the project:  Rscript tests/reference/make_noise.R
# Writes tests/reference/noise/*.csv (data, with the group that each row was drawn from, 0 for the background) and
# tests/reference/noise.csv (the fits). Needs mclust.

suppressPackageStartupMessages(library(mclust))
here <- "tests/reference"
dir.create(file.path(here, "noise"), showWarnings = FALSE)

normals <- function(n, mean, cov) sweep(matrix(rnorm(n * length(mean)), n) %*% chol(cov), 2, mean, "+")

set.seed(1993)
line <- cbind(x1 = c(rnorm(200, 0, 1), rnorm(150, 9, 0.5), runif(60, -20, 30)))
line <- data.frame(round(line, 6), group = rep(c(1, 2, 0), c(200, 150, 60)))

set.seed(1998)
plane <- rbind(
  normals(200, c(0, 0), matrix(c(2, 1, 1, 1), 2)), normals(150, c(8, 3), matrix(c(1, -0.6, -0.6, 2), 2)),
  cbind(runif(70, -12, 18), runif(70, -9, 13))
)
plane <- data.frame(round(plane, 6), group = rep(c(1, 2, 0), c(200, 150, 70)))
names(plane)[1:2] <- c("x1", "x2")

# The same kind of data in a long box at an angle to the columns: there the box along principal axes is smaller.
set.seed(2002)
turn <- matrix(c(cos(0.6), sin(0.6), -sin(0.6), cos(0.6)), 2)
tilted <- rbind(
  normals(200, c(0, 0), diag(c(4, 0.3))), normals(150, c(18, 1), diag(c(1, 1))),
  cbind(runif(60, -30, 45), runif(60, -5, 6))
) %*% t(turn)
tilted <- data.frame(round(tilted, 6), group = rep(c(1, 2, 0), c(200, 150, 60)))
names(tilted)[1:2] <- c("x1", "x2")

sets <- list(line = line, plane = plane, tilted = tilted)
models <- list(line = c("E", "V"), plane = c("EEE", "VVV", "VEV"), tilted = c("EEE", "VVV"))
control <- emControl(tol = c(1e-14, 1e-13), itmax = c(20000, 20000))
numbers <- function(values) paste(sprintf("%.17g", values), collapse = " ")

rows <- NULL
for (set in names(sets)) {
  table <- sets[[set]]
  x <- as.matrix(table[grep("^x", names(table))])
  for (model in models[[set]]) {
    noise <- list(noise = table$group == 0)
    fit <- Mclust(x, G = 2, modelNames = model, initialization = noise, control = control, verbose = FALSE)
    rows <- rbind(rows, data.frame(
      dataset = set, model = model, n_parameters = fit$df, volume = sprintf("%.17g", hypvol(x)),
      log_likelihood = sprintf("%.17g", fit$loglik), weights = numbers(fit$parameters$pro),
      means = numbers(fit$parameters$mean)
    ))
  }
  write.csv(table, file.path(here, "noise", paste0(set, ".csv")), row.names = FALSE, quote = FALSE)
}
write.csv(rows, file.path(here, "noise.csv"), row.names = FALSE, quote = FALSE)
