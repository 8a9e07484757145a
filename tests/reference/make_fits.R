# Reference maximum-likelihood fits made with R. From the root of the project:
#
#     Rscript tests/reference/make_fits.R
#
# writes data/*.csv, fits.csv and versions.txt beside this file. README.md says what the columns are.
#
# Every fit of a family that MASS::fitdistr or fitdistrplus::fitdist knows starts from their answer; the others start
# from optim on a density written below. The default stopping rules of all three are good to about four digits, so every
# smooth fit is then polished by Newton steps on the same log-likelihood until the steps are rounding noise.

suppressPackageStartupMessages({
  library(MASS)
  library(fitdistrplus)
})
RNGkind("Mersenne-Twister", "Inversion", "Rejection")

here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])))
CONTROL <- list(reltol = 1e-15, maxit = 20000, warn.1d.NelderMead = FALSE)

# ---------------------------------------------------------------------------------------------------------- data sets

real <- function(...) data.frame(...)
simulated <- function(seed, draw, repeats = 4) {
  set.seed(seed)
  x <- signif(draw(), 6)
  x <- if (is.matrix(x)) setNames(as.data.frame(x), paste0("x", seq_len(ncol(x)))) else data.frame(x = x)
  x$frequency <- sample.int(repeats, nrow(x), replace = TRUE)
  x
}
with_odd_total <- function(d) {  # for a median that is one number
  if (sum(d$frequency) %% 2 == 0) d$frequency[1] <- d$frequency[1] + 1
  d
}
table_of <- function(x) {
  counts <- table(x)
  data.frame(x = as.numeric(names(counts)), frequency = as.vector(counts))
}
rinvgauss <- function(n, mu, lambda) {  # Michael, Schucany and Haas
  y <- mu * rnorm(n)^2
  x <- mu + mu / (2 * lambda) * (y - sqrt(4 * lambda * y + y^2))
  ifelse(runif(n) <= mu / (mu + x), x, mu^2 / x)
}
rvonmises <- function(n, mu, kappa) {  # rejection from the uniform
  out <- numeric(0)
  while (length(out) < n) {
    angle <- runif(4 * n, -pi, pi)
    out <- c(out, angle[log(runif(4 * n)) < kappa * (cos(angle - mu) - 1)])
  }
  out[seq_len(n)]
}
rfinite <- function(n, support, weight) sample(support, n, replace = TRUE, prob = weight)
rdirichlet <- function(n, alpha) {
  g <- matrix(rgamma(n * length(alpha), rep(alpha, each = n)), n)
  g / rowSums(g)
}
rmvt <- function(n, mu, L, df) sweep((matrix(rnorm(2 * n), n) %*% t(L)) / sqrt(rchisq(n, df) / df), 2, mu, "+")

complete <- airquality[!is.na(airquality$Ozone), ]
stocks <- 100 * diff(log(EuStockMarkets[1:201, c("DAX", "SMI")]))
DATA <- list(
  # R's own data sets and MASS's
  precip = real(x = as.numeric(precip)),
  rivers = real(x = as.numeric(rivers)),
  waiting = real(x = faithful$waiting),
  nhtemp = real(x = as.numeric(nhtemp)),
  nile = real(x = as.numeric(Nile)),
  lynx = real(x = as.numeric(lynx) / 1000),
  islands = real(x = as.numeric(islands)),
  wind = real(x = airquality$Wind),
  ozone = real(x = complete$Ozone),
  chick_weights = real(x = chickwts$weight),
  rock_shape = real(x = rock$shape),
  swiss_examination = real(x = swiss$Examination / 100),
  galaxies = real(x = galaxies / 1000),
  newcomb = real(x = as.numeric(newcomb)),
  sp500 = real(x = signif(as.numeric(SP500)[1:299], 6)),
  discoveries = real(x = as.numeric(discoveries)),
  insect_sprays = real(x = InsectSprays$count),
  quine_days = real(x = quine$Days),
  quake_stations = table_of(quakes$stations),
  quake_magnitudes = table_of(quakes$mag),
  faithful = real(x1 = faithful$eruptions, x2 = faithful$waiting),
  iris = setNames(iris[, 1:4], paste0("x", 1:4)),
  stock_returns = real(x1 = signif(as.numeric(stocks[, 1]), 6), x2 = signif(as.numeric(stocks[, 2]), 6)),
  skye = real(x1 = Skye$A / 100, x2 = Skye$F / 100, x3 = Skye$M / 100),
  # every combination of eye colour and sex is a row, every hair colour a column
  hair_colours = setNames(as.data.frame(t(matrix(HairEyeColor, nrow = 4))), paste0("x", 1:4)),
  # printed tables of counts
  horse_kicks = real(x = 0:4, frequency = c(109, 65, 22, 3, 1)),
  boys_of_12 = real(x = 0:12, frequency = c(3, 24, 104, 286, 670, 1033, 1343, 1112, 829, 478, 181, 45, 7)),
  horseshoe_crabs = real(x = c(0:12, 14, 15), frequency = c(62, 16, 9, 19, 19, 15, 13, 4, 6, 3, 3, 1, 1, 1, 1)),
  butterflies = real(x = 1:24, frequency = c(118, 74, 44, 24, 29, 22, 20, 19, 20, 15, 12, 14, 6, 12, 6, 9, 9, 6, 10, 10,
                                             11, 5, 3, 3)),
  # simulated
  sim_normal = simulated(101, function() rnorm(80, -2, 0.7)),
  sim_lognormal = simulated(102, function() rlnorm(80, 1.2, 0.6)),
  sim_exponential = simulated(103, function() rexp(80, 0.05)),
  sim_gamma = simulated(104, function() rgamma(80, 2.5, 0.4)),
  sim_inverse_gamma = simulated(105, function() 1 / rgamma(80, 4, 6)),
  sim_weibull = simulated(106, function() rweibull(80, 1.7, 12)),
  sim_gumbel = simulated(107, function() 3 - 2 * log(-log(runif(80)))),
  sim_gumbel_min = simulated(108, function() 3 + 2 * log(-log(runif(80)))),
  sim_logistic = simulated(109, function() rlogis(80, 5, 1.5)),
  sim_laplace = with_odd_total(simulated(110, function() 1 + rexp(81) - rexp(81))),
  sim_t = simulated(111, function() 2 + 0.5 * rt(150, 4)),
  sim_cauchy = simulated(112, function() rcauchy(80, -1, 2)),
  sim_uniform = simulated(113, function() runif(80, -3, 7)),
  sim_beta = simulated(114, function() rbeta(80, 2, 5)),
  sim_half_normal = simulated(115, function() abs(rnorm(80, 0, 3))),
  sim_half_cauchy = simulated(116, function() abs(rcauchy(80, 0, 2))),
  sim_rayleigh = simulated(117, function() 2 * sqrt(rchisq(80, 2))),
  sim_maxwell = simulated(118, function() 2 * sqrt(rchisq(80, 3))),
  sim_chi_square = simulated(119, function() rchisq(80, 4.3)),
  sim_pareto = simulated(120, function() 1.5 * runif(80)^(-1 / 2.5)),
  sim_gen_pareto = simulated(121, function() 2 / 0.3 * (runif(120)^-0.3 - 1)),
  sim_gen_extreme = simulated(122, function() 1 + 2 / 0.2 * ((-log(runif(120)))^-0.2 - 1)),
  sim_inverse_gaussian = simulated(123, function() rinvgauss(80, 2, 5)),
  sim_von_mises = simulated(124, function() rvonmises(100, 0.8, 2)),
  sim_skew_normal = simulated(125, function() { u <- rnorm(200); 1 + 2 * ifelse(rnorm(200) < 3 * u, u, -u) }),
  sim_gen_normal = simulated(151, function() 1 + 2 * sign(runif(150) - 0.5) * rgamma(150, 1 / 3)^(1 / 3)),
  sim_log_logistic = simulated(127, function() exp(rlogis(80, log(3), 1 / 2.5))),
  sim_burr12 = simulated(128, function() 2 * (runif(200)^(-1 / 1.5) - 1)^(1 / 2)),
  sim_kumaraswamy = simulated(129, function() (1 - runif(80)^(1 / 3))^(1 / 2)),
  sim_binomial = simulated(130, function() rbinom(60, 10, 0.35)),
  sim_beta_binomial = simulated(131, function() rbinom(100, 10, rbeta(100, 2, 3))),
  sim_poisson = simulated(132, function() rpois(80, 3.7)),
  sim_negative_binomial = simulated(133, function() rnbinom(100, size = 2.5, mu = 6)),
  sim_geometric = simulated(134, function() rgeom(80, 0.3)),
  sim_skellam = simulated(135, function() rpois(100, 4) - rpois(100, 2)),
  sim_zeta = simulated(136, function() rfinite(100, 1:2000, (1:2000)^-2.3)),
  sim_logarithmic = simulated(137, function() rfinite(100, 1:500, 0.8^(1:500) / (1:500))),
  sim_dirichlet = simulated(138, function() rdirichlet(80, c(2, 3, 5))),
  sim_multinomial = simulated(139, function() t(rmultinom(60, 10, c(0.2, 0.5, 0.3)))),
  sim_dirichlet_multinomial = simulated(140, function()
    t(apply(rdirichlet(80, c(2, 3, 1)), 1, function(p) rmultinom(1, 10, p)))),
  sim_multivariate_normal = simulated(141, function()
    sweep(matrix(rnorm(160), 80) %*% t(rbind(c(1, 0), c(0.6, 0.5))), 2, c(1, -2), "+")),
  sim_multivariate_t = simulated(142, function() rmvt(150, c(1, -2), rbind(c(1, 0), c(0.6, 0.5)), 4))
)
# The last part of a composition is what rounding the others left of one.
DATA$sim_dirichlet$x3 <- round(1 - DATA$sim_dirichlet$x1 - DATA$sim_dirichlet$x2, 8)

digits <- function(x, n = 17) sprintf(paste0("%.", n, "g"), x)
write_data <- function(name) {
  d <- DATA[[name]]
  text <- as.data.frame(lapply(d, digits, n = 15))
  write.table(text, file.path(here, "data", paste0(name, ".csv")), sep = ",", quote = FALSE, row.names = FALSE)
}
read_data <- function(name) read.csv(file.path(here, "data", paste0(name, ".csv")))

# ----------------------------------------------------------------------------------------------------------- families
#
# A family has the names of its parameters, how each is moved freely (`moves`: "location" in units of the standard
# deviation of the data, "real", "positive" by its logarithm, "unit" by its logit, "above1" by the logarithm of what is
# above one), its log-density, and a start. `exact` is a maximum in closed form; `smooth` is FALSE where the likelihood
# has no stationary point at its maximum. `peer` is the same log-density in another package.

FAMILIES <- list()
family <- function(name, parameters, moves, log_density, ..., smooth = TRUE)
  FAMILIES[[name]] <<- list(name = name, parameters = parameters, moves = moves, log_density = log_density,
                            smooth = smooth, ...)

wmean <- function(x, w) sum(w * x) / sum(w)
wvar <- function(x, w) wmean((x - wmean(x, w))^2, w)
wquantile <- function(x, w, q) as.numeric(quantile(rep(x, w), q))
log_rising <- function(a, n)  # log of a (a + 1) ... (a + n - 1), more exact than a difference of lgamma
  vapply(n, function(k) sum(log(a + seq_len(k) - 1)), 0)
log_zeta <- function(s) {  # Euler-Maclaurin
  N <- 20
  bernoulli <- c(1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
  total <- sum((1:(N - 1))^-s) + N^(1 - s) / (s - 1) + N^-s / 2
  for (j in seq_along(bernoulli))
    total <- total + bernoulli[j] / factorial(2 * j) * prod(s + 0:(2 * j - 2)) * N^(1 - s - 2 * j)
  log(total)
}
log1p_ratio <- function(z, k) {  # log(1 + k z) / k, through k = 0
  kz <- k * z
  if (any(kz <= -1)) return(rep(NaN, length(z)))
  small <- abs(kz) < 1e-4
  out <- z * (1 - kz / 2 + kz^2 / 3 - kz^3 / 4 + kz^4 / 5)
  if (any(!small)) out[!small] <- log1p(kz[!small]) / k
  out
}
dtls <- function(x, m, s, df, log = FALSE) { v <- dt((x - m) / s, df, log = TRUE) - log(s); if (log) v else exp(v) }
ptls <- function(q, m, s, df, ...) pt((q - m) / s, df, ...)
qtls <- function(p, m, s, df, ...) m + s * qt(p, df, ...)

# -- those MASS::fitdistr and fitdistrplus::fitdist know
family("normal", c("mean", "sd"), c("location", "positive"),
  function(x, p) dnorm(x, p[1], p[2], log = TRUE), closed = TRUE,
  fitdistr = list("normal"), fitdist = list("norm"))
family("lognormal", c("meanlog", "sdlog"), c("real", "positive"),
  function(x, p) dlnorm(x, p[1], p[2], log = TRUE), closed = TRUE,
  fitdistr = list("lognormal"), fitdist = list("lnorm"))
family("exponential", "rate", "positive",
  function(x, p) dexp(x, p[1], log = TRUE), closed = TRUE,
  fitdistr = list("exponential"), fitdist = list("exp"))
family("gamma", c("shape", "rate"), c("positive", "positive"),
  function(x, p) dgamma(x, p[1], p[2], log = TRUE),
  fitdistr = list("gamma"), fitdist = list("gamma"))
family("inverse_gamma", c("shape", "scale"), c("positive", "positive"),
  function(x, p) dgamma(1 / x, p[1], p[2], log = TRUE) - 2 * log(x), of = function(x) 1 / x,
  fitdistr = list("gamma"), fitdist = list("gamma"),
  peer = function(x, p) extraDistr::dinvgamma(x, p[1], p[2], log = TRUE))
family("weibull", c("shape", "scale"), c("positive", "positive"),
  function(x, p) dweibull(x, p[1], p[2], log = TRUE),
  fitdistr = list("weibull"), fitdist = list("weibull"))
family("logistic", c("location", "scale"), c("location", "positive"),
  function(x, p) dlogis(x, p[1], p[2], log = TRUE),
  fitdistr = list("logistic"), fitdist = list("logis"))
family("t", c("m", "s", "df"), c("location", "positive", "positive"),
  function(x, p) dtls(x, p[1], p[2], p[3], log = TRUE),
  fitdistr = list("t"), fitdist = list("tls", start = function(x) list(m = median(x), s = mad(x), df = 5)))
family("cauchy", c("location", "scale"), c("location", "positive"),
  function(x, p) dcauchy(x, p[1], p[2], log = TRUE),
  fitdistr = list("cauchy"), fitdist = list("cauchy"))
beta_start <- function(x) {
  m <- mean(x)
  k <- m * (1 - m) / var(x) - 1
  list(shape1 = m * k, shape2 = (1 - m) * k)
}
family("beta", c("shape1", "shape2"), c("positive", "positive"),
  function(x, p) dbeta(x, p[1], p[2], log = TRUE),
  fitdistr = list("beta", start = beta_start), fitdist = list("beta"))
family("uniform", c("min", "max"), c("location", "location"),
  function(x, p) dunif(x, p[1], p[2], log = TRUE), closed = TRUE, smooth = FALSE, fitdist = list("unif"))
family("poisson", "lambda", "positive",
  function(x, p) dpois(x, p[1], log = TRUE), closed = TRUE,
  fitdistr = list("Poisson"), fitdist = list("pois"))
size_prob <- function(e) c(e[["size"]], e[["size"]] / (e[["size"]] + e[["mu"]]))
family("negative_binomial", c("size", "prob"), c("positive", "unit"),
  function(x, p) dnbinom(x, size = p[1], prob = p[2], log = TRUE),
  fitdistr = list("negative binomial"), fitdist = list("nbinom"), convert = size_prob)
family("geometric", "prob", "unit",
  function(x, p) dgeom(x, p[1], log = TRUE), closed = TRUE,
  fitdistr = list("geometric"), fitdist = list("geom"))
family("binomial", "prob", "unit",
  function(x, p, size) dbinom(x, size, p[1], log = TRUE),
  fitdist = list("binom", start = function(x) list(prob = 0.5)))

# -- zero with probability pi, else a count of the family; fitdist takes the densities of extraDistr
with_zeros <- function(pi, x, log_mass) ifelse(x == 0, log(pi + (1 - pi) * exp(log_mass(x))), log1p(-pi) + log_mass(x))
dzip <- extraDistr::dzip
pzip <- extraDistr::pzip
dzinb <- extraDistr::dzinb
pzinb <- extraDistr::pzinb
family("zero_inflated_poisson", c("lambda", "pi"), c("positive", "unit"),
  function(x, p) with_zeros(p[2], x, function(x) dpois(x, p[1], log = TRUE)),
  fitdist = list("zip", start = function(x) list(lambda = mean(x[x > 0]), pi = mean(x == 0) / 2)),
  peer = function(x, p) extraDistr::dzip(x, p[1], p[2], log = TRUE))
family("zero_inflated_negative_binomial", c("size", "prob", "pi"), c("positive", "unit", "unit"),
  function(x, p) with_zeros(p[3], x, function(x) dnbinom(x, size = p[1], prob = p[2], log = TRUE)),
  fitdist = list("zinb", start = function(x) list(size = 2, prob = 2 / (2 + mean(x[x > 0])), pi = mean(x == 0) / 2)),
  peer = function(x, p) extraDistr::dzinb(x, p[1], p[2], p[3], log = TRUE))

# -- densities written here
family("gumbel", c("location", "scale"), c("location", "positive"),
  function(x, p) { z <- (x - p[1]) / p[2]; -z - exp(-z) - log(p[2]) },
  start = function(x, w) { s <- sqrt(6 * wvar(x, w)) / pi; c(wmean(x, w) - 0.5772 * s, s) },
  peer = function(x, p) extraDistr::dgumbel(x, p[1], p[2], log = TRUE))
family("gumbel_min", c("location", "scale"), c("location", "positive"),
  function(x, p) { z <- (x - p[1]) / p[2]; z - exp(z) - log(p[2]) },
  start = function(x, w) { s <- sqrt(6 * wvar(x, w)) / pi; c(wmean(x, w) + 0.5772 * s, s) },
  peer = function(x, p) extraDistr::dgumbel(-x, -p[1], p[2], log = TRUE))
family("laplace", c("location", "scale"), c("location", "positive"),
  function(x, p) -abs(x - p[1]) / p[2] - log(2 * p[2]), smooth = FALSE,
  exact = function(x, w) {
    y <- sort(rep(x, w))
    n <- length(y)
    stopifnot(y[(n + 1) %/% 2] == y[n %/% 2 + 1])  # one median, not an interval of them
    m <- median(y)
    c(m, wmean(abs(x - m), w))
  }, peer = function(x, p) extraDistr::dlaplace(x, p[1], p[2], log = TRUE))
family("half_normal", "sigma", "positive",
  function(x, p) log(2) + dnorm(x, 0, p[1], log = TRUE), exact = function(x, w) sqrt(wmean(x^2, w)),
  peer = function(x, p) extraDistr::dhnorm(x, p[1], log = TRUE))
family("half_cauchy", "scale", "positive",
  function(x, p) log(2) + dcauchy(x, 0, p[1], log = TRUE), start = function(x, w) wquantile(x, w, 0.5),
  peer = function(x, p) extraDistr::dhcauchy(x, p[1], log = TRUE))
family("rayleigh", "sigma", "positive",
  function(x, p) log(x) - 2 * log(p[1]) - x^2 / (2 * p[1]^2), exact = function(x, w) sqrt(wmean(x^2, w) / 2),
  peer = function(x, p) extraDistr::drayleigh(x, p[1], log = TRUE))
family("maxwell", "a", "positive",
  function(x, p) 0.5 * log(2 / pi) + 2 * log(x) - 3 * log(p[1]) - x^2 / (2 * p[1]^2),
  exact = function(x, w) sqrt(wmean(x^2, w) / 3))
family("chi_square", "df", "positive",
  function(x, p) dchisq(x, p[1], log = TRUE), start = function(x, w) wmean(x, w))
family("pareto", c("minimum", "shape"), c("location", "positive"),
  function(x, p) ifelse(x >= p[1], log(p[2]) + p[2] * log(p[1]) - (p[2] + 1) * log(x), -Inf), smooth = FALSE,
  exact = function(x, w) c(min(x), 1 / wmean(log(x / min(x)), w)),
  peer = function(x, p) extraDistr::dpareto(x, p[2], p[1], log = TRUE))
family("generalized_pareto", c("scale", "shape"), c("positive", "real"),
  function(x, p) -log(p[1]) - (1 + p[2]) * log1p_ratio(x / p[1], p[2]),
  start = function(x, w) { m <- wmean(x, w); r <- m^2 / wvar(x, w); c(m * (r + 1) / 2, max(-0.3, (1 - r) / 2)) },
  peer = function(x, p) extraDistr::dgpd(x, 0, p[1], p[2], log = TRUE))
family("generalized_extreme_value", c("location", "scale", "shape"), c("location", "positive", "real"),
  function(x, p) { y <- log1p_ratio((x - p[1]) / p[2], p[3]); -log(p[2]) - (1 + p[3]) * y - exp(-y) },
  start = function(x, w) { s <- sqrt(6 * wvar(x, w)) / pi; c(wmean(x, w) - 0.5772 * s, s, 0.01) },
  peer = function(x, p) extraDistr::dgev(x, p[1], p[2], p[3], log = TRUE))
family("inverse_gaussian", c("mean", "shape"), c("positive", "positive"),
  function(x, p) 0.5 * log(p[2] / (2 * pi * x^3)) - p[2] * (x - p[1])^2 / (2 * p[1]^2 * x),
  exact = function(x, w) { m <- wmean(x, w); c(m, 1 / wmean(1 / x - 1 / m, w)) },
  peer = function(x, p) actuar::dinvgauss(x, p[1], shape = p[2], log = TRUE))
family("von_mises", c("mu", "kappa"), c("location", "positive"),
  function(x, p) p[2] * (cos(x - p[1]) - 1) - log(2 * pi) - log(besselI(p[2], 0, expon.scaled = TRUE)),
  start = function(x, w) c(atan2(wmean(sin(x), w), wmean(cos(x), w)), 1))
family("skew_normal", c("xi", "omega", "alpha"), c("location", "positive", "real"),
  function(x, p) {
    z <- (x - p[1]) / p[2]
    log(2) - log(p[2]) + dnorm(z, log = TRUE) + pnorm(p[3] * z, log.p = TRUE)
  },
  start = function(x, w) {
    s <- sqrt(wvar(x, w))
    side <- sign(wmean((x - wmean(x, w))^3, w))
    c(wmean(x, w) - side * 0.8 * s, 1.3 * s, 2 * side)
  }, peer = function(x, p) sn::dsn(x, p[1], p[2], p[3], log = TRUE))
family("generalized_normal", c("location", "scale", "shape"), c("location", "positive", "positive"),
  function(x, p) log(p[3]) - log(2 * p[2]) - lgamma(1 / p[3]) - abs((x - p[1]) / p[2])^p[3],
  start = function(x, w) c(wmean(x, w), sqrt(2 * wvar(x, w)), 2.5),
  # its third derivative jumps at every datum, where differences of the log-likelihood are not good enough
  score = function(x, w, p, unit, size) {
    u <- (x - p[1]) / p[2]
    a <- abs(u)
    logs <- ifelse(a > 0, log(a), 0)
    c(sum(w * p[3] * a^(p[3] - 1) * sign(u)) / p[2] * unit, sum(w * (p[3] * a^p[3] - 1)),
      sum(w * (1 + digamma(1 / p[3]) / p[3] - p[3] * a^p[3] * logs)))
  })
family("log_logistic", c("shape", "scale"), c("positive", "positive"),
  function(x, p) { z <- p[1] * log(x / p[2]); log(p[1]) - log(x) + z - 2 * (pmax(z, 0) + log1p(exp(-abs(z)))) },
  start = function(x, w) c(pi / sqrt(3 * wvar(log(x), w)), exp(wmean(log(x), w))),
  peer = function(x, p) actuar::dllogis(x, p[1], scale = p[2], log = TRUE))
family("burr12", c("c", "d", "scale"), c("positive", "positive", "positive"),
  function(x, p) {
    z <- p[1] * log(x / p[3])
    log(p[1] * p[2]) - log(x) + z - (p[2] + 1) * (pmax(z, 0) + log1p(exp(-abs(z))))
  },
  start = function(x, w) c(pi / sqrt(3 * wvar(log(x), w)), 1, exp(wmean(log(x), w))),
  peer = function(x, p) actuar::dburr(x, p[2], p[1], scale = p[3], log = TRUE))
family("kumaraswamy", c("a", "b"), c("positive", "positive"),
  function(x, p) log(p[1] * p[2]) + (p[1] - 1) * log(x) + (p[2] - 1) * log1p(-x^p[1]),
  start = function(x, w) c(1.5, 1.5), peer = function(x, p) extraDistr::dkumar(x, p[1], p[2], log = TRUE))
family("beta_binomial", c("alpha", "beta"), c("positive", "positive"),
  function(x, p, size) lchoose(size, x) + log_rising(p[1], x) + log_rising(p[2], size - x) - log_rising(sum(p), size),
  start = function(x, w) { m <- wmean(x, w) / max(x); 5 * c(m, 1 - m) },
  # thousands of rows and two parameters that trade against each other: differences are not good enough
  score = function(x, w, p, unit, size) {
    inverse <- function(a, n) vapply(n, function(k) sum(1 / (a + seq_len(k) - 1)), 0)
    both <- inverse(sum(p), size)
    p * c(sum(w * (inverse(p[1], x) - both)), sum(w * (inverse(p[2], size - x) - both)))
  },
  peer = function(x, p, size) extraDistr::dbbinom(x, size, p[1], p[2], log = TRUE))
family("skellam", c("mu1", "mu2"), c("positive", "positive"),
  function(x, p) {
    z <- 2 * sqrt(p[1] * p[2])
    z - p[1] - p[2] + x / 2 * log(p[1] / p[2]) + log(besselI(z, abs(x), expon.scaled = TRUE))
  },
  start = function(x, w) { m <- wmean(x, w); v <- max(wvar(x, w), abs(m) + 0.1); c(v + m, v - m) / 2 },
  peer = function(x, p) extraDistr::dskellam(x, p[1], p[2], log = TRUE))
family("zeta", "s", "above1", function(x, p) -p[1] * log(x) - log_zeta(p[1]), start = function(x, w) 2)
family("logarithmic", "p", "unit", function(x, p) x * log(p[1]) - log(x) - log(-log1p(-p[1])),
  start = function(x, w) 0.7, peer = function(x, p) extraDistr::dlgser(x, p[1], log = TRUE))

# -- vectors
numbered <- function(letter, k) paste0(letter, seq_len(k))
pairs_of <- function(k) unlist(lapply(seq_len(k), function(i) paste0("s", i, i:k)))  # rows of the upper triangle
square <- function(p, k) {
  S <- matrix(0, k, k)
  S[lower.tri(S, TRUE)] <- p
  S + t(S) - diag(diag(S), k)
}
mahalanobis_and_log_det <- function(x, mu, S) {
  L <- t(chol(S))
  list(q = colSums(forwardsolve(L, t(x) - mu)^2), log_det = 2 * sum(log(diag(L))))
}
family("dirichlet", function(k) numbered("alpha", k), function(k) rep("positive", k),
  function(x, p) as.vector(log(x) %*% (p - 1)) + lgamma(sum(p)) - sum(lgamma(p)),
  start = function(x, w) { m <- colSums(w * x) / sum(w); 5 * m / sum(m) },
  peer = function(x, p) extraDistr::ddirichlet(x / rowSums(x), p, log = TRUE))
coefficient <- function(x) lgamma(rowSums(x) + 1) - rowSums(lgamma(x + 1))
family("multinomial", function(k) numbered("p", k), function(k) rep("unit", k),
  function(x, p) coefficient(x) + as.vector(x %*% log(p)), smooth = FALSE,
  exact = function(x, w) colSums(w * x) / sum(w * x),
  peer = function(x, p) apply(x, 1, dmultinom, prob = p, log = TRUE))
family("dirichlet_multinomial", function(k) numbered("alpha", k), function(k) rep("positive", k),
  function(x, p) {
    parts <- vapply(seq_along(p), function(j) log_rising(p[j], x[, j]), numeric(nrow(x)))
    coefficient(x) + rowSums(parts) - log_rising(sum(p), rowSums(x))
  },
  start = function(x, w) { m <- colSums(w * x); 5 * m / sum(m) },
  peer = function(x, p) extraDistr::ddirmnom(x, rowSums(x), p, log = TRUE))
family("multivariate_normal", function(k) c(numbered("m", k), pairs_of(k)), NULL,
  function(x, p) {
    k <- ncol(x)
    m <- mahalanobis_and_log_det(x, p[1:k], square(p[-(1:k)], k))
    -0.5 * (k * log(2 * pi) + m$log_det + m$q)
  }, smooth = FALSE,
  exact = function(x, w) {
    m <- colSums(w * x) / sum(w)
    y <- sweep(x, 2, m)
    S <- t(y) %*% (w * y) / sum(w)
    c(m, S[lower.tri(S, TRUE)])
  },
  peer = function(x, p) { k <- ncol(x); mvtnorm::dmvnorm(x, p[1:k], square(p[-(1:k)], k), log = TRUE) })
# The scale matrix of two columns moves by its Cholesky factor: log l11, l21 / l11, log l22.
family("multivariate_t", function(k) c("m1", "m2", "s11", "s12", "s22", "df"), function(k) NULL,
  function(x, p) {
    m <- mahalanobis_and_log_det(x, p[1:2], square(p[3:5], 2))
    lgamma((p[6] + 2) / 2) - lgamma(p[6] / 2) - log(p[6] * pi) - 0.5 * m$log_det - (p[6] + 2) / 2 * log1p(m$q / p[6])
  },
  free = function(p) {
    l11 <- sqrt(p[3])
    l21 <- p[4] / l11
    c(p[1:2], log(l11), l21 / l11, log(p[5] - l21^2) / 2, log(p[6]))
  },
  bound = function(t) {
    l11 <- exp(t[3])
    l21 <- t[4] * l11
    c(t[1:2], l11^2, l11 * l21, l21^2 + exp(2 * t[5]), exp(t[6]))
  },
  start = function(x, w) {
    m <- colSums(w * x) / sum(w)
    y <- sweep(x, 2, m)
    S <- t(y) %*% (w * y) / sum(w)
    c(m, 0.6 * S[lower.tri(S, TRUE)], 5)
  },
  peer = function(x, p) mvtnorm::dmvt(x, p[1:2], square(p[3:5], 2), df = p[6], log = TRUE))

# ------------------------------------------------------------------------------------------------------------- fitting

TO <- list(location = function(p, unit) p / unit, real = function(p, unit) p, positive = function(p, unit) log(p),
           unit = function(p, unit) qlogis(p), above1 = function(p, unit) log(p - 1))
FROM <- list(location = function(t, unit) t * unit, real = function(t, unit) t, positive = function(t, unit) exp(t),
             unit = function(t, unit) plogis(t), above1 = function(t, unit) 1 + exp(t))
move <- function(way, moves, values, unit) mapply(function(m, v) way[[m]](v, unit), moves, values, USE.NAMES = FALSE)

# The coefficients of the central difference of eighth order.
STENCIL <- c(4 / 5, -1 / 5, 4 / 105, -1 / 280)

# Newton's method on a sum of terms. Differences are taken term by term and in steps of 0.03 standard errors, so that
# neither rounding nor truncation spoils the gradient: what is left is about 1e-13 to 1e-11 standard errors.
polish <- function(terms, theta, score = NULL) {
  k <- length(theta)
  unit_vector <- function(i) replace(numeric(k), i, 1)
  total <- function(t, base) { v <- suppressWarnings(sum(terms(t) - base)); if (is.finite(v)) v else -Inf }
  base <- terms(theta)
  H <- optimHess(theta, function(t) total(t, base), control = list(ndeps = rep(1e-4, k)))
  best <- list(size = Inf)
  for (iteration in 1:60) {
    base <- terms(theta)
    se <- 1 / sqrt(pmax(-diag(H), 1e-12))
    g <- if (is.null(score)) vapply(seq_len(k), function(i) {
      e <- 0.03 * se * unit_vector(i)
      sum(vapply(1:4, function(j) STENCIL[j] * sum(terms(theta + j * e) - terms(theta - j * e)), 0)) / 0.03
    }, 0) else score(theta) * se
    h <- 0.05
    Hs <- matrix(0, k, k)
    for (i in seq_len(k)) for (j in seq_len(i)) {
      a <- h * se * unit_vector(i)
      b <- h * se * unit_vector(j)
      Hs[i, j] <- Hs[j, i] <- if (i == j) (total(theta + a, base) + total(theta - a, base)) / h^2 else
        (total(theta + a + b, base) - total(theta + a - b, base) -
          total(theta - a + b, base) + total(theta - a - b, base)) / (4 * h^2)
    }
    spread <- sqrt(diag(solve(-Hs)))
    step <- solve(-Hs, g)
    size <- max(abs(step) / spread)
    stopifnot(is.finite(size), eigen(-Hs, TRUE, TRUE)$values > 0)
    if (size < best$size) best <- list(size = size, theta = theta)
    if (size < 1e-13 || (iteration > 12 && best$size < 1e-11)) break
    factor <- 1
    while (size > 1e-6 && total(theta + factor * step * se, base) < -1e-10 && factor > 1e-6) factor <- factor / 2
    theta <- theta + factor * step * se
    H <- Hs / outer(se, se)
  }
  stopifnot(best$size < 1e-9)
  best
}

climb <- function(objective, theta) {  # optim, again from where it stopped
  for (round in 1:3) theta <- optim(theta, objective, method = "Nelder-Mead", control = CONTROL)$par
  again <- tryCatch(optim(theta, objective, method = "BFGS", control = CONTROL), error = function(e) NULL)
  if (!is.null(again) && again$value <= objective(theta)) again$par else theta
}

quietly <- function(expression) {  # fitdist prints the errors it catches
  answer <- NULL
  capture.output(answer <- suppressWarnings(tryCatch(expression, error = function(e) NULL)))
  answer
}

ask_fitdistr <- function(f, x) {
  if (is.null(f$fitdistr)) return(NULL)
  start <- f$fitdistr$start
  what <- f$fitdistr[[1]]
  if (isTRUE(f$closed)) return(fitdistr(x, what)$estimate)
  arguments <- list(x, what)
  if (!is.null(start)) arguments$start <- start(x)
  answer <- quietly(do.call(fitdistr, c(arguments, list(control = CONTROL))))
  if (is.null(answer))
    answer <- quietly(do.call(fitdistr, c(arguments, list(control = list(maxit = 20000), lower = 1e-8))))
  if (is.null(answer)) NULL else answer$estimate
}

ask_fitdist <- function(f, x, size) {
  if (is.null(f$fitdist)) return(NULL)
  arguments <- list(x, f$fitdist[[1]])
  if (!is.null(f$fitdist$start)) arguments$start <- f$fitdist$start(x)
  if (!is.null(size)) arguments$fix.arg <- list(size = size)
  if (isTRUE(f$closed)) return(quietly(do.call(fitdist, arguments))$estimate)
  answer <- NULL
  for (round in 1:3) {
    again <- quietly(do.call(fitdist, c(arguments, list(control = CONTROL))))
    if (is.null(again)) break
    answer <- again$estimate
    arguments$start <- as.list(answer)
  }
  answer
}

fit <- function(name, dataset, weighted, size = NULL) {
  f <- FAMILIES[[name]]
  d <- read_data(dataset)
  w <- if (weighted) d$frequency else rep(1, nrow(d))
  d$frequency <- NULL
  x <- if (ncol(d) == 1) d[[1]] else as.matrix(unname(d))
  k <- NCOL(x)
  parameters <- if (is.function(f$parameters)) f$parameters(k) else f$parameters
  moves <- if (is.function(f$moves)) f$moves(k) else f$moves
  log_density <- if (is.null(size)) f$log_density else function(x, p) f$log_density(x, p, size)
  unit <- if (k == 1) sqrt(wvar(x, w)) else 1

  y <- if (k == 1) rep(if (is.null(f$of)) x else f$of(x), w) else NULL
  convert <- if (is.null(f$convert)) function(e) as.numeric(e) else f$convert
  from_fitdistr <- ask_fitdistr(f, y)
  from_fitdist <- ask_fitdist(f, y, size)
  asked <- lapply(Filter(Negate(is.null), list(from_fitdistr, from_fitdist)), convert)
  known <- !is.null(f$fitdistr) || !is.null(f$fitdist)
  if (known && length(asked) == 0) stop("neither fitdistr nor fitdist fits ", name, " to ", dataset)

  p <- if (length(asked)) asked[[1]] else if (!is.null(f$exact)) f$exact(x, w) else f$start(x, w)
  exact <- isTRUE(f$closed) || !is.null(f$exact)
  log_likelihood <- function(p) sum(w * log_density(x, p))
  step <- NA
  if (f$smooth) {
    free <- if (is.null(f$free)) function(p) move(TO, moves, p, unit) else f$free
    bound <- if (is.null(f$bound)) function(t) move(FROM, moves, t, unit) else f$bound
    terms <- function(t) w * log_density(x, bound(t))
    objective <- function(t) {
      v <- tryCatch(suppressWarnings(-sum(terms(t))), error = function(e) NA)
      if (is.finite(v)) v else 1e10
    }
    theta <- free(p)
    if (!known && !exact) theta <- climb(objective, theta)
    score <- if (is.null(f$score)) NULL else function(t) f$score(x, w, bound(t), unit, size)
    end <- polish(terms, theta, score)
    step <- end$size
    if (!exact) p <- bound(end$theta)
    else stopifnot(abs(p - bound(end$theta)) <= 1e-10 * (abs(p) + 1e-3))
    # No other start leads higher.
    set.seed(1)
    for (restart in 1:6) {
      other <- climb(objective, end$theta + rnorm(length(theta), 0, 0.5))
      if (-objective(other) > log_likelihood(p) + 1e-7) stop("a higher maximum of ", name, " on ", dataset)
    }
  }
  value <- log_likelihood(p)
  for (a in asked)
    stopifnot(abs(a - p) <= 0.02 * (abs(p) + 0.02 * unit), log_likelihood(a) <= value + 1e-9 * abs(value))
  checked <- ""
  if (!is.null(f$peer)) {
    peer <- sum(w * (if (is.null(size)) f$peer(x, p) else f$peer(x, p, size)))
    stopifnot(abs(peer - value) <= 1e-9 * abs(value))
    source <- paste(deparse(body(f$peer)), collapse = " ")
    checked <- regmatches(source, regexpr("[A-Za-z]+::[a-z]+", source))
    checked <- if (length(checked)) checked else "stats::dmultinom"
  }
  on <- if (is.null(f$of)) "" else " of 1/x"
  polished <- if (exact) "" else " + Newton"
  origin <- if (!is.null(from_fitdistr)) paste0("MASS::fitdistr", on, polished)
    else if (!is.null(from_fitdist)) paste0("fitdistrplus::fitdist", on, polished)
    else if (exact) "closed form in make_fits.R"
    else "density in make_fits.R + Newton"
  row <- function(v) if (is.null(v)) "" else paste(digits(convert(v)), collapse = " ")
  data.frame(family = name, dataset = dataset, weighted = as.integer(weighted), count = sum(w),
    known = if (is.null(size)) "" else paste0("size=", size),
    parameters = paste(parameters, collapse = " "), values = paste(digits(p), collapse = " "),
    log_likelihood = digits(value), origin = origin, fitdistr = row(from_fitdistr), fitdist = row(from_fitdist),
    step = if (is.na(step)) "" else sprintf("%.1e", step), checked = checked)
}

# A data set that is simulated is fitted twice, without its frequencies and with them; a table of counts only with them.
# The other data sets have none.
TABLES <- c("quake_stations", "quake_magnitudes", "horse_kicks", "boys_of_12", "horseshoe_crabs", "butterflies")
PLAN <- list(
  normal = c("sim_normal", "precip", "nhtemp", "nile", "sp500"),
  lognormal = c("sim_lognormal", "rivers", "lynx", "ozone"),
  exponential = c("sim_exponential", "ozone", "lynx"),
  gamma = c("sim_gamma", "rivers", "wind", "ozone", "lynx"),
  inverse_gamma = c("sim_inverse_gamma", "rivers"),
  weibull = c("sim_weibull", "wind", "ozone", "nile"),
  gumbel = c("sim_gumbel", "rivers", "wind", "quake_magnitudes"),
  gumbel_min = c("sim_gumbel_min", "precip"),
  logistic = c("sim_logistic", "precip", "nhtemp", "sp500"),
  laplace = c("sim_laplace", "sp500", "newcomb"),
  t = c("sim_t", "newcomb", "galaxies", "sp500"),
  cauchy = c("sim_cauchy", "newcomb", "galaxies"),
  uniform = c("sim_uniform", "chick_weights", "waiting"),
  beta = c("sim_beta", "rock_shape", "swiss_examination"),
  half_normal = c("sim_half_normal", "ozone"),
  half_cauchy = c("sim_half_cauchy", "lynx", "islands"),
  rayleigh = c("sim_rayleigh", "wind"),
  maxwell = c("sim_maxwell", "wind"),
  chi_square = c("sim_chi_square", "wind"),
  pareto = c("sim_pareto", "islands"),
  generalized_pareto = c("sim_gen_pareto", "ozone"),
  generalized_extreme_value = c("sim_gen_extreme", "nile", "rivers"),
  inverse_gaussian = c("sim_inverse_gaussian", "rivers"),
  von_mises = "sim_von_mises",
  skew_normal = c("sim_skew_normal", "wind"),
  generalized_normal = c("sim_gen_normal", "waiting", "sp500"),
  log_logistic = c("sim_log_logistic", "rivers"),
  burr12 = c("sim_burr12", "rivers"),
  kumaraswamy = c("sim_kumaraswamy", "rock_shape", "swiss_examination"),
  binomial = c("sim_binomial", "boys_of_12"),
  beta_binomial = c("sim_beta_binomial", "boys_of_12"),
  poisson = c("sim_poisson", "discoveries", "insect_sprays", "horse_kicks", "horseshoe_crabs"),
  negative_binomial = c("sim_negative_binomial", "discoveries", "quine_days", "quake_stations", "horseshoe_crabs"),
  zero_inflated_poisson = "horseshoe_crabs",
  zero_inflated_negative_binomial = "horseshoe_crabs",
  geometric = c("sim_geometric", "quine_days", "horse_kicks"),
  skellam = "sim_skellam",
  zeta = c("sim_zeta", "butterflies"),
  logarithmic = c("sim_logarithmic", "butterflies"),
  dirichlet = c("sim_dirichlet", "skye"),
  multinomial = c("sim_multinomial", "hair_colours"),
  dirichlet_multinomial = c("sim_dirichlet_multinomial", "hair_colours"),
  multivariate_normal = c("sim_multivariate_normal", "faithful", "iris"),
  multivariate_t = c("sim_multivariate_t", "stock_returns")
)
SIZES <- c(sim_binomial = 10, sim_beta_binomial = 10, boys_of_12 = 12)

dir.create(file.path(here, "data"), showWarnings = FALSE)
unused <- setdiff(names(DATA), unlist(PLAN))
if (length(unused)) stop("no family uses ", paste(unused, collapse = ", "))
for (name in names(DATA)) write_data(name)

rows <- list()
for (name in names(PLAN)) for (dataset in PLAN[[name]]) {
  passes <- if (dataset %in% TABLES) TRUE else if (startsWith(dataset, "sim_")) c(FALSE, TRUE) else FALSE
  size <- if (dataset %in% names(SIZES)) SIZES[[dataset]] else NULL
  for (weighted in passes) {
    row <- fit(name, dataset, weighted, size)
    cat(sprintf("%-26s %-26s %d  %-10s %s\n", name, dataset, weighted, row$step, row$values))
    rows[[length(rows) + 1]] <- row
  }
}

fits <- do.call(rbind, rows)
write.table(fits, file.path(here, "fits.csv"), sep = ",", quote = FALSE, row.names = FALSE)

packages <- c("MASS", "fitdistrplus", "extraDistr", "sn", "actuar", "mvtnorm")
versions <- c(R.version.string, R.version$platform,
              vapply(packages, function(p) paste(p, packageVersion(p)), ""))
writeLines(versions, file.path(here, "versions.txt"))
cat(versions, sep = "\n")
