(* The Kullback-Leibler divergence of a density, and the threshold reweighting. *)
From goodhart Require Import library definitions statements integrals.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

(* ---------------------------------------------------------------- exp and log *)

Section exp_and_log.
Variable R : realType.
Implicit Types x y v h : R.

Lemma expR_ge1D x : 1 + x <= expR x.
Proof.
have [/expR_ge1Dx//|x0] := leP 0 x.
have [c /[!in_itv]/= /andP[_ c0] h] := @MVT R expR expR x 0 x0
  (fun y _ => is_derive_expR y) (continuous_subspaceT (@continuous_expR R)).
move: h; rewrite expR0 sub0r => h.
have c1 : expR c < 1 by rewrite expR_lt1.
by rewrite -ler_subr_addl -opprB ler_oppr h ler_pimull ?oppr_ge0 ?ltW.
Qed.

Lemma ln_le_sub1 y : 0 < y -> ln y <= y - 1.
Proof. by move=> y0; rewrite ler_subr_addl -[leRHS](lnK y0) expR_ge1D. Qed.

Lemma xlnx_ge y : 0 <= y -> y - 1 <= y * ln y.
Proof.
rewrite le_eqVlt => /orP[/eqP<-|y0]; first by rewrite mul0r sub0r oppr_le0.
have yV0 : 0 < y^-1 by rewrite invr_gt0.
have := ler_wpmul2l (ltW y0) (ln_le_sub1 yV0).
by rewrite lnV ?posrE// mulrN mulrBr mulfV ?gt_eqF// mulr1 ler_oppl opprB.
Qed.

Lemma measurable_ln d (T : measurableType d) (g : T -> R) :
  measurable_fun setT g -> measurable_fun setT (fun w => ln (g w)).
Proof.
move=> mg; apply: (@measurable_fun_comp _ _ _ _ _ _ (@ln R)) => // {g mg}.
move=> _; apply: (measurability (RGenOInfty.measurableE R)) => //.
move=> _ [_ [t ->] <-]; rewrite setTI.
have E : [set y | 0 < y /\ t < ln y] = `]expR t, +oo[%classic :> set R.
  apply/seteqP; split => y /=; rewrite in_itv/= andbT.
    by move=> [y0 h]; rewrite -(lnK y0) ltr_expR.
  move=> ty; have y0 : 0 < y by apply: lt_trans ty; exact: expR_gt0.
  by split=> //; rewrite -ltr_expR lnK.
have mE : measurable [set y : R | 0 < y /\ t < ln y] by rewrite E; exact: measurable_itv.
have [t0|t0] := ltP t 0.
  rewrite (_ : _ @^-1` _ = [set y | 0 < y /\ t < ln y] `|` `]-oo, 0]%classic).
    by apply: measurableU => //; exact: measurable_itv.
  apply/seteqP; split => y /=; rewrite !in_itv/= andbT.
    by move=> h; have [y0|y0] := ltP 0 y; [left|right].
  by move=> [[]//|y0]; rewrite ln0.
rewrite (_ : _ @^-1` _ = [set y | 0 < y /\ t < ln y])//.
apply/seteqP; split => y /=; rewrite !in_itv/= andbT; last by case.
move=> h; split=> //; rewrite ltNge; apply/negP => y0.
by move: h; rewrite ln0// ltNge t0.
Qed.

Lemma expRB1_le x : expR x - 1 <= x * expR x.
Proof.
have := expR_ge1D (- x); rewrite expRN => h.
have e0 := expR_gt0 x.
move: h; rewrite -(ler_pmul2r e0) mulVf ?gt_eqF// mulrDl mul1r mulNr => h.
by rewrite ler_subl_addr -ler_subl_addl.
Qed.

Lemma bernoulli h n : 0 <= h -> 1 + n%:R * h <= (1 + h) ^+ n.
Proof.
move=> h0; elim: n => [|n ih]; first by rewrite mul0r addr0 expr0.
rewrite exprS; apply: (@le_trans _ _ ((1 + h) * (1 + n%:R * h))).
  rewrite -[n.+1%:R]natr1 -subr_ge0.
  have -> : (1 + h) * (1 + n%:R * h) - (1 + (n%:R + 1) * h) = n%:R * (h * h) by ring.
  by rewrite mulr_ge0// ?mulr_ge0.
by rewrite ler_pmul2l// ltr_paddr.
Qed.

(* Young's inequality for exp and g log g *)
Lemma young v g Z : 0 <= g -> 0 < Z -> g * v - g * ln g - ln Z * g <= expR v / Z - g.
Proof.
rewrite le_eqVlt => /orP[/eqP <-|g0] Z0.
  by rewrite !mul0r mulr0 !subr0 divr_ge0// ltW// expR_gt0.
have r0 : 0 < expR v / (g * Z) by rewrite divr_gt0 ?mulr_gt0 ?expR_gt0.
have := ln_le_sub1 r0.
rewrite ln_div ?posrE ?mulr_gt0 ?expR_gt0// expK lnM ?posrE//.
move=> /(ler_wpmul2l (ltW g0)).
have -> : g * (expR v / (g * Z) - 1) = expR v / Z - g.
  by field; rewrite ?gt_eqF.
by apply: le_trans; rewrite le_eqVlt; apply/orP; left; apply/eqP; ring.
Qed.

Lemma young_pos v g : 0 <= g -> g * maxr v 0 <= `|g * ln g| + expR v.
Proof.
move=> g0; have [v0|v0] := leP v 0.
  by rewrite mulr0 addr_ge0// ltW// expR_gt0.
have := young v g0 ltr01; rewrite ln1 mul0r subr0 divr1 ler_subl_addr => h.
apply: (le_trans h); rewrite addrC ler_add ?ler_norm//.
by rewrite ler_subl_addr ler_addl.
Qed.

End exp_and_log.

(* ---------------------------------------------------------------- the divergence *)

Section divergence.
Context d (T : measurableType d) (R : realType).
Variables (Q P : {measure set T -> \bar R}) (g : T -> R).
Hypotheses (Q1 : law Q) (gP : density P Q g).

Let mg : measurable_fun setT g. Proof. by have [] := gP. Qed.
Let g0 x : 0 <= g x. Proof. by have [_ h _] := gP. Qed.

Lemma measurable_glng : measurable_fun setT (fun x => g x * ln (g x)).
Proof. by apply: measurable_funM => //; exact: measurable_ln. Qed.

Lemma glng_ge x : -1 <= g x * ln (g x).
Proof. by apply: le_trans (xlnx_ge (g0 x)); rewrite ler_addr. Qed.

Lemma finite_KL : (KL Q g < +oo)%E -> finite_mean Q (fun x => g x * ln (g x)).
Proof.
rewrite /KL => KLoo; set f := fun x => (g x * ln (g x))%:E.
have mf : measurable_fun setT f by apply/EFin_measurable_fun; exact: measurable_glng.
have neg : (\int[Q]_x f^\- x <= 1)%E.
  have -> : (1 = \int[Q]_x (cst 1%E x))%E by rewrite integral_cst// mul1e (Q1 : Q setT = _).
  apply: ge0_le_integral => //.
  - exact: emeasurable_fun_funeneg.
  - by move=> x _; rewrite lee_fin.
  - exact: measurable_fun_cst.
  - move=> x _; rewrite /funeneg /f -EFinN maxEFin lee_fin le_maxl ler01 andbT.
    by rewrite ler_oppl glng_ge.
have neg_fin : (\int[Q]_x f^\- x)%E \is a fin_num.
  rewrite ge0_fin_numE ?(le_lt_trans neg) ?ltry//.
  by apply: integral_ge0 => x _; exact: funeneg_ge0.
split=> //; rewrite -[X in integral _ _ X]/(abse \o f) fune_abse ge0_integralD//; last 2 first.
- exact: emeasurable_fun_funepos.
- exact: emeasurable_fun_funeneg.
apply: lte_add_pinfty; last by rewrite (le_lt_trans neg) ?ltry.
rewrite ltNge leye_eq; apply/negP => /eqP pos.
by move: KLoo; rewrite integralE pos addye// eqe_oppLR; move: neg_fin; rewrite fin_numE => /andP[].
Qed.

Lemma Ex_density : law P -> finite_mean Q g /\ Ex Q g = 1.
Proof.
move=> P1; have E : mean Q g = 1%E.
  by have [_ _ /(_ setT measurableT)] := gP; rewrite (P1 : P setT = _) => ->.
by split; [apply: finite_mean_ge0 => //; rewrite E ltry|rewrite /Ex E].
Qed.

Lemma KL_ge0 : law P -> (0 <= KL Q g)%E.
Proof.
move=> P1; have [->|] := eqVneq (KL Q g) +oo%E; first by rewrite leey.
rewrite -ltey => /finite_KL fK; rewrite [leRHS](ExE fK) lee_fin.
have [fg g1] := Ex_density P1; have f1 := finite_mean_cst Q1 (-1).
apply: (@le_trans _ _ (Ex Q (fun x => g x + (-1)))).
  by rewrite (ExD fg f1) g1 Ex_cst// subrr.
by apply: Ex_le fK _ => [|x]; [exact: finite_meanD|exact: xlnx_ge].
Qed.

End divergence.

Theorem divergence_nonnegative : statements.divergence_nonnegative.
Proof. by move=> d T R Q P g Q1 P1 gP; exact: KL_ge0 gP P1. Qed.

Theorem divergence_genuine : statements.divergence_genuine.
Proof. by move=> d T R Q P g Q1 gP; exact: finite_KL gP. Qed.

(* ---------------------------------------------------------------- the threshold reweighting *)

Section two_parts.
Context d (T : measurableType d) (R : realType).
Variables (Q : {measure set T -> \bar R}) (A : set T) (mA : measurable A) (a b : {nonneg R}).

(* a Q on A and b Q off A *)
Definition two_parts : {measure set T -> \bar R} :=
  [the measure _ _ of measure_add
    [the measure _ _ of mscale a [the measure _ _ of mrestr Q mA]]
    [the measure _ _ of mscale b [the measure _ _ of mrestr Q (measurableC mA)]]].

Lemma two_parts_density : density two_parts Q (fun x => if x \in A then a%:num else b%:num).
Proof.
have mAc := measurableC mA; split; [exact: measurable_if|by move=> x; case: ifP|move=> S mS].
rewrite -[in RHS](setIT S) -(setUv A) setIUr integral_setU//; last 5 first.
- exact: measurableI.
- exact: measurableI.
- by apply/EFin_measurable_fun; apply: measurable_funTS; exact: measurable_if.
- by move=> x _; rewrite lee_fin; case: ifP.
- by rewrite disj_set2E setIACA setICr setI0.
rewrite [LHS]measure_addE; congr (_ + _)%E.
- rewrite -[LHS]/(a%:num%:E * Q (S `&` A))%E -integral_cst; last exact: measurableI.
  by apply: eq_integral => x; rewrite inE => -[_ xA]; rewrite mem_set.
- rewrite -[LHS]/(b%:num%:E * Q (S `&` ~` A))%E -integral_cst; last exact: measurableI.
  by apply: eq_integral => x; rewrite inE => -[_ xA]; rewrite memNset.
Qed.

End two_parts.

Section threshold.
Context d (T : measurableType d) (R : realType).
Variables (Q : {measure set T -> \bar R}) (X : T -> R).
Hypotheses (Q1 : law Q) (mX : measurable_fun setT X).
Variables t p : R.
Let A := above X t.
Let q := tail Q X t.
Hypotheses (p01 : 0 <= p <= 1) (q01 : 0 < q < 1).

Let mA : measurable A. Proof. exact: measurable_above. Qed.
Let a_ge0 : 0 <= p / q. Proof. by case/andP: p01 q01 => ? _ /andP[/ltW ? _]; rewrite divr_ge0. Qed.
Let b_ge0 : 0 <= (1 - p) / (1 - q).
Proof. by case/andP: p01 q01 => _ ? /andP[_ /ltW ?]; rewrite divr_ge0// subr_ge0. Qed.
Let q_neq0 : q != 0. Proof. by case/andP: q01 => ? _; rewrite gt_eqF. Qed.
Let q1_neq0 : 1 - q != 0. Proof. by case/andP: q01 => _ ?; rewrite gt_eqF// subr_gt0. Qed.

Definition threshold_law : {measure set T -> \bar R} :=
  two_parts Q mA (NngNum a_ge0) (NngNum b_ge0).
Let P := threshold_law.
Let g := threshold Q X t p.

Lemma thresholdE x : g x = if x \in A then p / q else (1 - p) / (1 - q).
Proof.
rewrite /g/threshold (_ : (x \in A) = (t < X x))//.
by apply/idP/idP; rewrite inE.
Qed.

Lemma threshold_density : density P Q g.
Proof.
have := two_parts_density Q mA (NngNum a_ge0) (NngNum b_ge0).
by rewrite (_ : (fun _ => _) = g)//; apply/funext => x; rewrite thresholdE.
Qed.

Lemma threshold_is_law : law P.
Proof.
rewrite /law; have [_ _ ->//] := threshold_density.
rewrite (_ : (fun _ => _) = fun x => (if x \in A then p / q else (1 - p) / (1 - q))%:E); last first.
  by apply/funext => x; rewrite thresholdE.
rewrite [LHS](integral_if (p / q) ((1 - p) / (1 - q)) Q1 mA).2 -/q !divfK//.
by rewrite addrC subrK.
Qed.

Lemma threshold_above : P A = p%:E.
Proof.
have [_ _ ->//] := threshold_density.
rewrite (eq_integral (cst (p / q)%:E)); last by move=> x xA; rewrite thresholdE xA.
by rewrite integral_cst// -tailE// -EFinM divfK.
Qed.

Lemma threshold_KL : KL Q g = (kl p q)%:E.
Proof.
pose la := p / q * ln (p / q); pose lb := (1 - p) / (1 - q) * ln ((1 - p) / (1 - q)).
rewrite /KL (_ : (fun _ => _) = fun x => (if x \in A then la else lb)%:E); last first.
  by apply/funext => x; rewrite thresholdE; case: ifP.
rewrite [LHS](integral_if la lb Q1 mA).2 -/q /la /lb /kl.
by rewrite ![_ * ln _ * _]mulrAC !divfK.
Qed.

Hypothesis fX : finite_mean Q X.

Lemma threshold_finite_mean : finite_mean Q (fun x => X x * g x).
Proof.
have [mg g0 _] := threshold_density.
apply: (@finite_mean_le _ _ _ Q _ (fun x => (p / q + (1 - p) / (1 - q)) * `|X x|)).
- exact: measurable_funM.
- move=> x; rewrite normrM mulrC ler_wpmul2r// ger0_norm// thresholdE.
  by case: ifP => _; rewrite ?ler_addl ?ler_addr.
- by apply: finite_meanZ; exact: finite_mean_norm.
Qed.

(* The mean rises by at least (p - q)(t - E X)/(1 - q). *)
Lemma threshold_mean : 0 <= t -> q <= p ->
  finite_mean P X /\ Ex Q X + (p - q) * (t - Ex Q X) / (1 - q) <= Ex P X.
Proof.
move=> t0 qp; have mAc := measurableC mA.
have [mg g0 _] := threshold_density.
have fXg := threshold_finite_mean.
have fP : finite_mean P X.
  split; first by apply/EFin_measurable_fun.
  rewrite (change_of_measure threshold_density)//; last first.
    by apply/EFin_measurable_fun; apply: measurable_fun_comp => //; exact: measurable_fun_normr.
  have [_] := fXg; apply: le_lt_trans; apply: ge0_le_integral => //.
  - by move=> x _; rewrite mule_ge0// lee_fin.
  - apply: emeasurable_funM; apply/EFin_measurable_fun => //.
    by apply: measurable_fun_comp => //; exact: measurable_fun_normr.
  - apply/EFin_measurable_fun; apply: measurable_fun_comp; first exact: measurable_fun_normr.
    exact: measurable_funM.
  - by move=> x _; rewrite /= lee_fin normrM (ger0_norm (g0 x)).
split=> //.
have iA : Q.-integrable A (EFin \o X) by apply: integrableS fX.
have iB : Q.-integrable (~` A) (EFin \o X) by apply: integrableS fX.
pose IA := fine (\int[Q]_(x in A) (X x)%:E)%E.
pose IB := fine (\int[Q]_(x in ~` A) (X x)%:E)%E.
have IAE : (\int[Q]_(x in A) (X x)%:E = IA%:E)%E.
  by rewrite /IA fineK//; apply: (integral_fune_fin_num mA iA).
have IBE : (\int[Q]_(x in ~` A) (X x)%:E = IB%:E)%E.
  by rewrite /IB fineK//; apply: (integral_fune_fin_num mAc iB).
have mu : Ex Q X = IA + IB.
  by rewrite /Ex /mean (integral_split mA fX) /= IAE IBE.
have IAt : t * q <= IA.
  rewrite -lee_fin -IAE EFinM tailE// -integral_cst//.
  apply: ge0_le_integral => //.
  + exact: measurable_fun_cst.
  + by move=> x xA; rewrite lee_fin (le_trans t0)// ltW.
  + by apply/EFin_measurable_fun; exact: measurable_funTS.
  + by move=> x xA; rewrite lee_fin ltW.
have -> : Ex P X = p / q * IA + (1 - p) / (1 - q) * IB.
  rewrite /Ex (mean_density threshold_density)// /mean (integral_split mA fXg).
  rewrite (eq_integral (fun x => (p / q)%:E * (X x)%:E)%E); last first.
    by move=> x xA; rewrite /= thresholdE xA -EFinM mulrC.
  rewrite [X in (_ + X)%E](eq_integral (fun x => ((1 - p) / (1 - q))%:E * (X x)%:E)%E); last first.
    by move=> x; rewrite in_setC => /negbTE xA; rewrite /= thresholdE xA -EFinM mulrC.
  by rewrite !integralM// IAE IBE.
have -> : p / q * IA + (1 - p) / (1 - q) * IB =
  (p - q) / (q * (1 - q)) * (IA - t * q) + (Ex Q X + (p - q) * (t - Ex Q X) / (1 - q)).
  by rewrite mu; field; rewrite ?q_neq0 ?q1_neq0.
rewrite ler_addr mulr_ge0 ?subr_ge0//.
case/andP: q01 => q0 q1.
by rewrite divr_ge0 ?subr_ge0// mulr_ge0 ?subr_ge0// ?(ltW q0) ?(ltW q1).
Qed.

End threshold.

Theorem threshold_divergence : statements.threshold_divergence.
Proof.
move=> d T R Q X Q1 mX t p p01 q01; exists (threshold_law mX p01 q01); split.
- exact: threshold_is_law.
- exact: threshold_density.
- exact: threshold_above.
- exact: threshold_KL.
Qed.
