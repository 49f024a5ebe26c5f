(* Discrete laws, for the witnesses: mass w n at the point x n. *)
From goodhart Require Import library definitions integrals divergence.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Section discrete.
Context (R : realType).
Variables (w : nat -> {nonneg R}) (x : nat -> R).

Definition atom n : {measure set R -> \bar R} :=
  [the measure _ _ of mscale (w n) [the measure _ _ of @dirac _ R (x n) R]].
Definition discrete : {measure set R -> \bar R} := [the measure _ _ of mseries atom 0].

Lemma discreteE (A : set R) :
  discrete A = (\sum_(n <oo) ((w n)%:num * (x n \in A)%:R)%:E)%E.
Proof. by apply: eq_eseries => n _; rewrite EFinM. Qed.

Lemma discrete_integral (f : R -> \bar R) : measurable_fun setT f -> (forall y, 0 <= f y)%E ->
  (\int[discrete]_y f y = \sum_(n <oo) (w n)%:num%:E * f (x n))%E.
Proof.
move=> mf f0; rewrite ge0_integral_measure_series//.
apply: eq_eseries => n _.
by rewrite ge0_integral_mscale// integral_dirac// indicE in_setT mul1e.
Qed.

Lemma discrete_law : (\sum_(n <oo) (w n)%:num%:E = 1)%E -> law discrete.
Proof.
move=> w1; rewrite /law discreteE -[RHS]w1; apply: eq_eseries => n _.
by rewrite in_setT mulr1.
Qed.

(* Each point of positive mass weighs in. *)
Lemma discrete_ge n (A : set R) : A (x n) -> ((w n)%:num%:E <= discrete A)%E.
Proof.
move=> An; rewrite discreteE; apply: le_trans (nneseries_lim_ge n.+1 _) => /=.
  by rewrite big_nat_recr//= (mem_set An) mulr1 lee_addr// sume_ge0.
by move=> i _; rewrite lee_fin mulr_ge0.
Qed.

Lemma discrete_unbounded : (forall n, 0 < (w n)%:num) -> (forall n, n%:R <= x n) ->
  unbounded discrete id.
Proof.
move=> w0 xn t; pose n := (Num.bound `|t|); apply: lt_le_trans (@discrete_ge n _ _).
  by rewrite lte_fin.
rewrite /above/=; apply: lt_le_trans (xn n).
by apply: le_lt_trans (ler_norm t) _; exact: archi_boundP.
Qed.

Lemma discrete_finite_mean : (forall n, 0 <= x n) ->
  (\sum_(n <oo) ((w n)%:num * x n)%:E < +oo)%E -> finite_mean discrete id.
Proof.
move=> x0 sum_fin; split; first exact: measurable_fun_EFin.
have m1 : measurable_fun setT (fun y : R => `|y%:E|%E).
  by apply: measurable_fun_comp; [exact: measurable_fun_abse|exact: measurable_fun_EFin].
rewrite discrete_integral//; apply: le_lt_trans sum_fin.
by apply: lee_nneseries => n _; rewrite /= ?mule_ge0// ger0_norm ?x0// EFinM.
Qed.

Lemma discrete_mgf (l : R) :
  mgf discrete id l = (\sum_(n <oo) ((w n)%:num * expR (l * x n))%:E)%E.
Proof.
rewrite /mgf discrete_integral => [|| y].
- by apply: eq_eseries => n _; rewrite EFinM.
- by apply/EFin_measurable_fun; apply: measurable_expM; exact: measurable_fun_id.
- by rewrite lee_fin ltW// expR_gt0.
Qed.

End discrete.

(* The law that gives the n-th of the points x the probability 1/2^(n+1). *)
Section geometric.
Variable R : realType.

Lemma geometric_sum (c r : R) : `|r| < 1 -> (\sum_(n <oo) (c * r ^+ n)%:E = (c * (1 - r)^-1)%:E)%E.
Proof.
move=> r1; apply: cvg_lim => //.
rewrite (_ : (fun _ => _) = EFin \o series (geometric c r)); last first.
  by apply/funext => n; rewrite sumEFin.
apply: cvg_EFin; first exact: nearW.
exact: cvg_geometric_series.
Qed.

Lemma half_ge0 (n : nat) : 0 <= (1 / 2 : R) ^+ n.+1.
Proof. by rewrite exprn_ge0. Qed.
Definition halves n : {nonneg R} := NngNum (half_ge0 n).

Lemma halves_gt0 n : 0 < (halves n)%:num.
Proof. by rewrite exprn_gt0. Qed.

Lemma halves_sum : (\sum_(n <oo) (halves n)%:num%:E = 1)%E.
Proof.
rewrite (eq_eseries (g := fun n => (1 / 2 * (1 / 2) ^+ n)%:E)).
  rewrite geometric_sum; last by rewrite ger0_norm// ltr_pdivr_mulr ?ltr0n// mul1r ltr1n.
  congr EFin; field.
  by rewrite ?pnatr_eq0// gt_eqF// subr_gt0 ltr1n.
by move=> n _; rewrite /= exprS.
Qed.

End geometric.

(* The law of n with probability 1/2^(n+1). *)
Section naturals.
Variable R : realType.
Let Q := discrete (@halves R) (fun n => n%:R).

Lemma naturals_light : (mgf Q id (ln (3 / 2)) < +oo)%E.
Proof.
rewrite discrete_mgf (eq_eseries (g := fun n => (1 / 2 * (3 / 4) ^+ n)%:E)).
  rewrite geometric_sum ?ltry//.
  by rewrite ger0_norm ?divr_ge0 ?ler0n// ltr_pdivr_mulr ?ltr0n// mul1r ltr_nat.
move=> n _; congr EFin; rewrite /= [ln _ * _]mulrC expRMm lnK ?posrE ?divr_gt0 ?ltr0n//.
have -> : (3 / 4 : R) ^+ n = (1 / 2) ^+ n * (3 / 2) ^+ n.
  by rewrite -exprMn; congr (_ ^+ _); field; rewrite ?pnatr_eq0.
by rewrite exprS mulrA.
Qed.

Let rate0 : 0 < ln (3 / 2 : R).
Proof. by rewrite ln_gt0// ltr_pdivl_mulr ?ltr0n// mul1r ltr_nat. Qed.

Lemma naturals_unbounded : unbounded Q id.
Proof. by apply: discrete_unbounded => n; first exact: halves_gt0. Qed.

Lemma naturals_finite_mean : finite_mean Q id.
Proof.
apply: discrete_finite_mean => [n|]; first exact: ler0n.
set l := ln (3 / 2 : R); have := naturals_light; rewrite discrete_mgf => fin.
have below n : (((halves R n)%:num * n%:R)%:E <=
    (l^-1)%:E * ((halves R n)%:num * expR (l * n%:R))%:E)%E.
  rewrite -EFinM lee_fin mulrCA ler_wpmul2l// ler_pdivl_mull//.
  by apply: le_trans (expR_ge1D _); rewrite ler_addr.
apply: le_lt_trans (lee_nneseries _ (fun n _ => below n)) _ => [n _|].
  by rewrite lee_fin mulr_ge0.
rewrite nneseriesrM => [|n _]; last by rewrite lee_fin mulr_ge0// ltW// expR_gt0.
by rewrite lte_mul_pinfty// lee_fin invr_ge0 ltW.
Qed.

End naturals.
