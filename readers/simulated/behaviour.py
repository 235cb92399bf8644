"""How simulated readers behave, as data with sources: accuracy, dependence between readers, arbitration, AI.

The model is a Gaussian copula: a reader's suspicion is `sqrt(rho) * evidence + sqrt(1 - rho) * own noise`, a standard
normal within each class of women, and the reader recalls when it exceeds the quantile that gives the stated
sensitivity or false-positive rate. Readers never see one another here, and AI does not change them: policies that
show the score before the read change human behaviour in practice (MASAI by score, reference/reading-and-kpis 3.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

from readers.simulated.population import Woman
from screening.domain.ai_read import BreastDensity

_NORMAL = NormalDist()


@dataclass(frozen=True)
class Behaviour:
    """Readers of a programme; sources are sections of reference/reading-and-kpis, "fitted" means to the figures named.

    sensitivity_invasive, sensitivity_dcis: of one human read for a visible cancer. Fitted to a second-reader-only
        yield near 8.9 % with more in situ cancers among those (CO-OPS: 30.5 against 22.0 %, 1.2).
    false_positive_first, false_positive_subsequent: recalls by one human read without a visible cancer. First-round
        women are about twice as likely to be recalled (1.3); fitted to a discordance of 3-5 % (7 (10)).
    dependence_cancer, dependence_normal: copula correlation between two humans. Fitted to the shares of discordant
        among all recalls, between England (47 %) and blind reading in NL (57 %) (1.2).
    density_shift: change of suspicion, in standard deviations, by composition a, b, c, d for visible cancers (dense
        tissue hides); for other women the same with opposite sign and half the size (assumed).
    reader_spread: standard deviation of readers' own thresholds (assumed).
    notices_fault: of one read, for an exam with a view to repeat (assumed).
    right_side: a recall without any lesion to see falls on the same side for both readers this often (assumed).
    arbiter_finds: arbiter recalls a cancer that a human flagged (NL arbitration: sensitivity 83.2 to 76.0 %, 1.2).
    arbiter_upholds: arbiter recalls a woman without cancer whom one human flagged (UK: 20-43 % upheld, 1.2).
    arbiter_finds_ai_only, arbiter_upholds_ai_only: the same when AI alone flagged (ScreenTrustCAD: AI-only flags
        recalled in 4.6 % with PPV 22 %, 3.1).
    arbiter_upholds_concordant: arbiter recalls a woman without cancer whom all readers flagged (assumed).
    auc_visible: area under the curve of the exam score for visible cancers against others; fitted to Norway, where
        score 10 holds 86.8 % of the screen-detected cancers (3.1).
    auc_later: for cancers that surface later; fitted to Norway, 44.9 % of interval cancers in score 10 (3.1).
    dependence_ai: copula correlation of the exam score with the evidence that humans share (assumed).
    """

    sensitivity_invasive: float = 0.86
    sensitivity_dcis: float = 0.80
    false_positive_first: float = 0.048
    false_positive_subsequent: float = 0.024
    dependence_cancer: float = 0.50
    dependence_normal: float = 0.55
    density_shift: tuple[float, float, float, float] = (0.30, 0.12, -0.10, -0.35)
    reader_spread: float = 0.08
    notices_fault: float = 0.95
    right_side: float = 0.85
    arbiter_finds: float = 0.86
    arbiter_upholds: float = 0.34
    arbiter_finds_ai_only: float = 0.45
    arbiter_upholds_ai_only: float = 0.03
    arbiter_upholds_concordant: float = 0.80
    auc_visible: float = 0.95
    auc_later: float = 0.78
    dependence_ai: float = 0.40

    def recall_threshold(self, woman: Woman) -> float:
        """Suspicion above which a reader of average habit recalls this woman."""
        shift = self.density_shift[tuple(BreastDensity).index(woman.density)]
        if woman.cancer is not None:
            rate = self.sensitivity_invasive if woman.cancer.invasive else self.sensitivity_dcis
            return _NORMAL.inv_cdf(1 - rate) - shift
        rate = self.false_positive_first if woman.first_round else self.false_positive_subsequent
        return _NORMAL.inv_cdf(1 - rate) + shift / 2
