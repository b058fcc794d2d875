# Reference numbers for the statistics, from R. Run: Rscript tests/golden/make.R > tests/golden/r.json
# R 4.2 with packages boot (BCa), lme4 (crossed random effects), lmerTest (degrees of freedom), clubSandwich (CR2, CR3).
suppressMessages({library(boot); library(lme4); library(clubSandwich)})
number <- function(x) formatC(x, digits = 12, format = "g")
array <- function(x) paste0("[", paste(number(x), collapse = ", "), "]")

values <- c(0.81, -0.24, 1.43, 0.35, 0.92, -0.51, 1.12, 0.63, 0.07, 0.44, 1.95, -0.13, 0.58, 0.29, 0.76)
other <- c(0.22, -0.61, 0.48, 0.91, -0.37, 0.15, 0.02, 0.55, -0.18, 0.33, -0.94)
t <- t.test(values)
upper <- t.test(values, mu = 0.8, alternative = "less")$p.value
lower <- t.test(values, mu = -0.8, alternative = "greater")$p.value
w <- t.test(values, other)
set.seed(1)
b <- boot.ci(boot(values, function(x, i) mean(x[i]), R = 200000), type = "bca")$bca[4:5]
margins <- c(1.2, 0.8, 1.9, 0.7, 1.4, 0.9, 1.1, 1.6, 0.5, 1.3, 2.1, 0.6, 1.0, 0.9, 1.2)
abc <- abc.ci(values, function(x, w) sum(x * w) / sum(w))[2:3]
abc_ratio <- abc.ci(cbind(values, margins), function(x, w) sum(x[, 1] * w) / sum(x[, 2] * w))[2:3]
binomial <- binom.test(5, 20)$p.value

# crossed items and frames, linear; the data are made by arithmetic so that every language can repeat them
n_item <- 40; n_frame <- 8
d <- expand.grid(item = 0:(n_item - 1), frame = 0:(n_frame - 1))
d$zipf_gap <- 0.7 + ((d$item * 37) %% 101) / 44
d$characters_gap <- ((d$item * 13) %% 7) - 3
noise <- function(k, m) (((k * 7919 + 104729) %% m) / m - 0.5)
d$gap <- 0.02 * d$zipf_gap - 0.01 * d$characters_gap + 0.15 * noise(d$item + 1, 997) + 0.06 * noise(d$frame + 3, 389) +
  0.08 * noise(d$item * 31 + d$frame * 57 + 11, 1009)
fit <- lmer(gap ~ zipf_gap + characters_gap + (1 | item) + (1 | frame), data = d, REML = TRUE)
s <- summary(fit)$coefficients
v <- as.data.frame(VarCorr(fit))$vcov
# the dose works differently in every frame, and its noise grows with its distance from the mean; without and with intercept
d$uneven <- d$gap + 0.08 * d$zipf_gap * noise(d$frame * 19 + 2, 401) +
  0.2 * abs(d$zipf_gap - mean(d$zipf_gap)) * noise(d$item * 43 + d$frame * 71 + 5, 1013)
slopes <- lmerTest::lmer(uneven ~ 0 + zipf_gap + characters_gap + (1 | item) + (1 | frame) + (0 + zipf_gap | frame), data = d,
  control = lmerControl(optCtrl = list(rhobeg = 1e-2, rhoend = 1e-9)))
slope <- summary(slopes)$coefficients
components <- as.data.frame(VarCorr(slopes))
component <- function(group, name) components$vcov[components$grp %in% group & components$var1 %in% name]
varied <- c(sigma(slopes)^2, component("item", "(Intercept)"), component(c("frame", "frame.1"), "(Intercept)"), component(c("frame", "frame.1"), "zipf_gap"))
unbalanced <- d[noise(d$item * 23 + d$frame * 7, 911) > -0.2, ]
ols <- lm(uneven ~ zipf_gap + characters_gap, data = unbalanced)
robust <- function(type) {
  one <- function(cluster) {
    found <- coef_test(ols, vcov = vcovCR(ols, cluster = cluster, type = type), test = "Satterthwaite")
    paste0("[", array(found$SE), ", ", array(found$df_Satt), "]")
  }
  paste0('{"n_pairs": ', nrow(unbalanced), ', "values": ', array(coef(ols)), ', "item": ', one(unbalanced$item), ', "frame": ', one(unbalanced$frame),
    ', "row": ', one(seq_len(nrow(unbalanced))), "}")
}
# binary outcomes of both forms, more frames; every pair has its own level. Conditional logistic regression is logistic regression of
# "the high form is right" on the gaps of the discordant pairs; standard errors CR1 on items
answers <- expand.grid(item = 0:39, frame = 0:23)
answers$zipf_gap <- 0.7 + ((answers$item * 37) %% 101) / 44
answers$characters_gap <- ((answers$item * 13) %% 7) - 3
level <- 4 * noise(answers$item * 17 + answers$frame * 29 + 5, 947)
effect <- -1.2 + 0.8 * answers$zipf_gap - 0.3 * answers$characters_gap
answers$high <- as.numeric(noise(answers$item * 71 + answers$frame * 113 + 2, 1013) + 0.5 < plogis(level + effect / 2))
answers$low <- as.numeric(noise(answers$item * 59 + answers$frame * 151 + 7, 1019) + 0.5 < plogis(level - effect / 2))
one <- answers[answers$high != answers$low, ]
logit <- glm(high ~ zipf_gap + characters_gap, data = one, family = stats::binomial(), control = glm.control(epsilon = 1e-14, maxit = 100))
X <- model.matrix(logit)
score <- rowsum(X * (one$high - fitted(logit)), one$item)
bread <- solve(t(X) %*% (X * fitted(logit) * (1 - fitted(logit))))
groups <- length(unique(one$item))
clustered <- sqrt(diag(groups / (groups - 1) * (nrow(X) - 1) / (nrow(X) - ncol(X)) * bread %*% crossprod(score) %*% bread))
# another estimator of the same: all answers, two rows a pair, forms coded a half up and down, a random intercept for the pair
answers$pair <- seq_len(nrow(answers))
long <- rbind(transform(answers, right = high, form = 0.5), transform(answers, right = low, form = -0.5))
mixed <- glmer(right ~ form + I(form * zipf_gap) + I(form * characters_gap) + (1 | pair), data = long, family = stats::binomial(), nAGQ = 9)
cat("{\n")
cat(' "values": ', array(values), ',\n "other": ', array(other), ",\n", sep = "")
cat(' "t": {"low": ', number(t$conf.int[1]), ', "high": ', number(t$conf.int[2]), ', "p": ', number(t$p.value), "},\n", sep = "")
cat(' "tost": {"bound": 0.8, "p": ', number(max(upper, lower)), "},\n", sep = "")
cat(' "welch": {"low": ', number(w$conf.int[1]), ', "high": ', number(w$conf.int[2]), ', "p": ', number(w$p.value), "},\n", sep = "")
cat(' "bca": {"low": ', number(b[1]), ', "high": ', number(b[2]), "},\n", sep = "")
cat(' "margins": ', array(margins), ',\n "abc": {"mean": ', array(abc), ', "ratio": ', array(abc_ratio), "},\n", sep = "")
cat(' "mcnemar": {"b": 5, "c": 15, "exact_p": ', number(binomial), "},\n", sep = "")
cat(' "logit": {"n_pairs": ', nrow(one), ', "zipf_gap": ', array(c(coef(logit)[2], clustered[2])), ', "characters_gap": ', array(c(coef(logit)[3], clustered[3])),
    ', "glmer": ', array(fixef(mixed)[3:4]), "},\n", sep = "")
cat(' "lme4": {"n_item": 40, "n_frame": 8, "zipf_gap": ', array(s["zipf_gap", 1:2]), ', "characters_gap": ', array(s["characters_gap", 1:2]),
    ', "intercept": ', array(s["(Intercept)", 1:2]), ', "variances": ', array(v), "},\n", sep = "")
cat(' "slopes": {"zipf_gap": ', array(slope["zipf_gap", 1:3]), ', "characters_gap": ', array(slope["characters_gap", 1:3]),
    ', "variances": ', array(varied), "},\n", sep = "")
cat(' "cr2": ', robust("CR2"), ',\n "cr3": ', robust("CR3"), "\n", sep = "")
cat("}\n")
