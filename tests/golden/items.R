# Reference numbers for what items differ by, from R. Run: Rscript tests/golden/items.R > tests/golden/items.json
# R 4.2 with package lme4 (variances of crossed and of nested effects).
suppressMessages(library(lme4))
number <- function(x) formatC(x, digits = 12, format = "g")
array <- function(x) paste0("[", paste(number(x), collapse = ", "), "]")
noise <- function(k, m) (((k * 7919 + 104729) %% m) / m - 0.5)

# 30 items measured one to five times, by arithmetic so that every language can repeat them
n <- 1 + (0:29 * 7) %% 5
nested <- data.frame(item = rep(0:29, n), place = sequence(n))
nested$gap <- 0.03 + 0.4 * noise(nested$item + 1, 997) + 0.15 * noise(nested$item * 31 + nested$place * 57 + 11, 1009)
one <- lmer(gap ~ 1 + (1 | item), data = nested, REML = TRUE)
# two-way: 40 items in 8 frames
crossed <- expand.grid(item = 0:39, frame = 0:7)
crossed$gap <- 0.02 + 0.15 * noise(crossed$item + 1, 997) + 0.06 * noise(crossed$frame + 3, 389) +
  0.08 * noise(crossed$item * 31 + crossed$frame * 57 + 11, 1009)
two <- lmer(gap ~ 1 + (1 | item) + (1 | frame), data = crossed, REML = TRUE)
prediction <- function(fit, k) {
  m <- fixef(fit)[[1]]; se <- sqrt(vcov(fit)[1, 1]); sd <- attr(VarCorr(fit)$item, "stddev")[[1]]
  m + c(-1, 1) * qt(0.975, k - 2) * sqrt(sd^2 + se^2)
}
sds <- function(fit) c(attr(VarCorr(fit)$item, "stddev")[[1]], fixef(fit)[[1]], sqrt(vcov(fit)[1, 1]))
f <- anova(lm(gap ~ factor(item), data = nested))$`Pr(>F)`[1]
f_two <- anova(lm(gap ~ factor(frame) + factor(item), data = crossed))$`Pr(>F)`[2]
groups <- list(a = nested$gap[1:12], b = nested$gap[13:21] * 1.7, c = nested$gap[22:40] + 0.04)
long <- data.frame(y = unlist(groups), g = rep(names(groups), lengths(groups)))
welch <- oneway.test(y ~ g, data = long, var.equal = FALSE)$p.value
# Yuen's trimmed t by its formula
y <- nested$gap; k <- floor(0.2 * length(y)); s <- sort(y); w <- pmin(pmax(y, s[k + 1]), s[length(y) - k])
value <- mean(y, trim = 0.2); se <- sd(w) / (0.6 * sqrt(length(y)))
half <- qt(0.975, length(y) - 2 * k - 1) * se
cat("{\n")
cat(' "nested": {"sd_mean_error": ', array(sds(one)), ', "prediction": ', array(prediction(one, 30)), ', "p": ', number(f), "},\n", sep = "")
cat(' "crossed": {"sd_mean_error": ', array(sds(two)), ', "prediction": ', array(prediction(two, 40)), ', "p": ', number(f_two), "},\n", sep = "")
cat(' "groups": {"p": ', number(welch), "},\n", sep = "")
cat(' "trimmed": {"value": ', number(value), ', "error": ', number(se), ', "ends": ', array(value + c(-1, 1) * half), "}\n", sep = "")
cat("}\n")
