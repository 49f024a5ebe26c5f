(* Theorem 6: if X is superexponential and independent of V, which is unbounded, then
   E[V | X + V >= t] -> oo. *)
From goodhart Require Import library definitions statements integrals divergence discrete.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Section restriction.
Context d (T : measurableType d) (R : realType).
Variable mu : {measure set T -> \bar R}.

Lemma integral_mrestr (D : set T) (mD : measurable D) (f : T -> \bar R) :
  measurable_fun setT f -> (forall x, 0 <= f x)%E ->
  (\int[mrestr mu mD]_x f x = \int[mu]_(x in D) f x)%E.
Proof.
move=> mf f0; rewrite -[in LHS](setUv D).
rewrite (@integral_setU _ _ _ [the measure _ _ of mrestr mu mD])//; last 3 first.
- exact: measurableC.
- by rewrite setUv.
- by rewrite disj_set2E setICr.
rewrite (@eq_measure_integral _ _ _ D mu); last first.
  by move=> A mA AD; rewrite /= /mrestr setIidl.
rewrite (@eq_measure_integral _ _ _ (~` D) [the measure _ _ of mzero]); last first.
  move=> A mA AD; rewrite /= /mrestr /mzero (_ : A `&` D = set0) ?measure0//.
  by apply/seteqP; split => // x [/AD].
by rewrite integral_measure_zero adde0.
Qed.

End restriction.

Section conditioning.
Context d (T : measurableType d) (R : realType).
Variable Q : {measure set T -> \bar R}.
Hypothesis Q1 : law Q.
Variables X V : T -> R.
Hypotheses (mX : measurable_fun setT X) (mV : measurable_fun setT V).
Hypothesis indep : independent Q X V.

(* E[f(V); X in B] = Q(X in B) E f(V) *)
Lemma independent_integral (B : set R) (k : {nonneg R}) (f : R -> \bar R) : measurable B ->
  Q (X @^-1` B) = k%:num%:E ->
  measurable_fun setT f -> (forall y, 0 <= f y)%E ->
  (\int[Q]_(x in X @^-1` B) f (V x) = k%:num%:E * \int[Q]_x f (V x))%E.
Proof.
move=> mB QB mf f0.
have mXB : measurable (X @^-1` B) by rewrite -[_ @^-1` _]setTI; exact: mX.
have mfV : measurable_fun setT (f \o V) by exact: measurable_fun_comp.
rewrite -(integral_mrestr Q mXB mfV)//; last by move=> x; exact: f0.
pose QB' := [the measure _ _ of mrestr Q mXB].
rewrite -(@integral_pushforward _ _ _ _ _ mV _ QB')//.
rewrite -(@integral_pushforward _ _ _ _ _ mV _ Q)//.
rewrite -(@ge0_integral_mscale _ _ _ [the measure _ _ of pushforward Q mV])//.
apply: eq_measure_integral => A mA _.
by rewrite /= /pushforward /mscale /= /mrestr setIC indep// QB.
Qed.

Hypotheses (light : superexponential Q X) (iV : finite_mean Q V) (Vunb : unbounded Q V).
Let F := tail Q X.

Let F0 t : 0 < F t. Proof. by apply: unbounded_tail => //; case: light. Qed.

(* For large t, any event E between X + V > t and X + V >= t. *)
Lemma conditional_mean_diverges M : exists N, forall t, N <= t -> forall E, measurable E ->
  above (X \+ V) t `<=` E -> E `<=` at_least (X \+ V) t -> conditional_mean_above Q V E M.
Proof.
pose m1 := Ex Q (fun x => `|V x|).
have iabs := finite_mean_norm iV.
have m10 : 0 <= m1 by exact: Ex_ge0.
pose K := m1 + `|M|.
have K0 : 0 <= K by rewrite addr_ge0.
pose p := tail Q V (M + 1).
have p0 : 0 < p by exact: unbounded_tail.
have K1 : 0 < K + 1 by rewrite ltr_paddl.
have [_ /(_ _ (divr_gt0 p0 K1)) [N HN]] := light.
exists (N + M + 1) => t Nt E mE subE Esub.
pose s := t - M - 1.
have sN : N <= s by rewrite /s !ler_subr_addr addrAC.
have s1 : s + 1 = t - M by rewrite /s subrK.
have key : K * F (s + 1) < p * F s.
  apply: (@le_lt_trans _ _ (K * (p / (K + 1) * F s))).
    by rewrite ler_wpmul2l// HN.
  have -> : K * (p / (K + 1) * F s) = K / (K + 1) * (p * F s).
    by field; rewrite gt_eqF.
  rewrite gtr_pmull ?mulr_gt0//.
  by rewrite ltr_pdivr_mulr// mul1r ltr_addl.
pose B := above V (M + 1); pose C := above X (s + 1); pose D := above X s.
have mB : measurable B := measurable_above mV (M + 1).
have mC : measurable C := measurable_above mX (s + 1).
have mD : measurable D := measurable_above mX s.
have QDB : Q (D `&` B) = (p * F s)%:E.
  rewrite /B /D !aboveE indep; [|exact: measurable_itv|exact: measurable_itv].
  by rewrite -!aboveE -!tailE// EFinM muleC.
have DBE : D `&` B `<=` E.
  move=> x [/= h1 h2]; apply: subE; rewrite /above /=.
  have -> : t = s + (M + 1) by rewrite /s; ring.
  exact: ltr_add.
have QE0 : (0 < Q E)%E.
  apply: (@lt_le_trans _ _ (Q (D `&` B))); first by rewrite QDB lte_fin mulr_gt0.
  by apply: le_measure; rewrite ?inE//; exact: measurableI.
split=> //.
have QEfin : Q E \is a fin_num := law_fin Q1 mE.
pose k x := `|V x| + `|M|.
have k0 x : 0 <= k x by rewrite addr_ge0.
have iM := finite_mean_cst Q1 M; have iaM := finite_mean_cst Q1 `|M|.
have ik : finite_mean Q k by exact: finite_meanD.
have mk := finite_mean_measurable ik.
have kE : mean Q k = K%:E by rewrite (ExE ik) (ExD iabs iaM) Ex_cst.
pose l x := (V x - M) * \1_E x.
pose r x := k x * \1_C x.
have ml : measurable_fun setT l.
  apply: measurable_funM; last exact: measurable_fun_indic.
  by apply: measurable_funB => //; exact: measurable_fun_cst.
have mr : measurable_fun setT r.
  by apply: measurable_funM => //; exact: measurable_fun_indic.
have il : finite_mean Q l.
  apply: finite_mean_le ml _ ik => x; rewrite /l indicE.
  case: (_ \in _); rewrite ?mulr1 ?mulr0 ?normr0//.
  exact: ler_norm_sub.
have ir : finite_mean Q r.
  apply: finite_mean_le mr _ ik => x; rewrite /r indicE.
  by case: (_ \in _); rewrite ?mulr1 ?mulr0 ?normr0// ger0_norm.
have pointwise x : \1_(D `&` B) x <= l x + r x.
  rewrite /l /r /k !indicE.
  have r0 : 0 <= (`|V x| + `|M|) * (x \in C)%:R by rewrite mulr_ge0// ?addr_ge0// ler0n.
  have [xDB|xDB] := boolP (x \in D `&` B).
    have xE : x \in E by rewrite inE; apply: DBE; rewrite inE in xDB.
    rewrite xE mulr1; apply: ler_paddr => //.
    move: xDB; rewrite inE => -[_ /= h].
    by rewrite ler_subr_addl; exact: ltW.
  have [MV|VM] := leP M (V x).
    by rewrite addr_ge0// mulr_ge0 ?subr_ge0// ler0n.
  have [xE|xE] := boolP (x \in E); last by rewrite mulr0 add0r.
  have -> : x \in C.
    rewrite inE /C /above /= s1; move: xE; rewrite inE => /Esub; rewrite /at_least /= => h.
    by rewrite ltr_subl_addr; apply: (le_lt_trans h); rewrite ltr_add2l.
  rewrite !mulr1 addrACA.
  have nn (y : R) : 0 <= y + `|y| by rewrite -ler_subl_addl sub0r -normrN ler_norm.
  by apply: addr_ge0; rewrite ?nn// -[X in _ + X]normrN nn.
have h1 : p * F s <= Ex Q l + Ex Q r.
  rewrite -(ExD il ir) -lee_fin -(ExE (finite_meanD il ir)) -QDB.
  rewrite -[X in Q X]setIT -integral_indic//; last exact: measurableI.
  apply: ge0_le_integral => //.
  - by move=> x _; rewrite lee_fin indicE ler0n.
  - by apply/EFin_measurable_fun; apply: measurable_fun_indic; exact: measurableI.
  - by move=> x _; rewrite /= lee_fin; apply: le_trans (pointwise x); rewrite indicE ler0n.
  - by apply/EFin_measurable_fun; exact: measurable_funD.
  - by move=> x _; rewrite /= lee_fin.
have rE : Ex Q r = F (s + 1) * K.
  apply: EFin_inj; rewrite -ExE// [LHS](_ : _ = \int[Q]_(x in C) (k x)%:E)%E; last first.
    by rewrite -[in RHS](setTI C) integral_setI_indic.
  rewrite EFinM -kE /C aboveE.
  apply: (@independent_integral _ (NngNum (ltW (F0 (s + 1)))) (fun y => (`|y| + `|M|)%:E)).
  - exact: measurable_itv.
  - by rewrite -aboveE /= /F tailE.
  - apply/EFin_measurable_fun; apply: measurable_funD; last exact: measurable_fun_cst.
    exact: measurable_fun_normr.
  - by move=> y; rewrite lee_fin addr_ge0.
have iVE : Q.-integrable E (EFin \o V) by apply: integrableS iV.
have iME : Q.-integrable E (EFin \o cst M) by apply: integrableS iM.
pose IE := fine (\int[Q]_(x in E) (V x)%:E)%E.
have IEE : (\int[Q]_(x in E) (V x)%:E = IE%:E)%E.
  by rewrite /IE fineK//; apply: (integral_fune_fin_num mE iVE).
pose q := fine (Q E).
have qE : Q E = q%:E by rewrite /q fineK.
have lE : Ex Q l = IE - M * q.
  apply: EFin_inj; rewrite -ExE// [LHS](_ : _ = \int[Q]_(x in E) ((V x)%:E - M%:E))%E; last first.
    by rewrite -[in RHS](setTI E) integral_setI_indic.
  rewrite (integralB_EFin mE iVE iME) IEE.
  rewrite [X in (_ - X)%E](_ : _ = (M * q)%:E) -?EFinB//.
  by rewrite -[LHS]/(\int[Q]_(x in E) (cst M%:E x))%E integral_cst// qE.
move: h1; rewrite lE rE => h1.
rewrite IEE qE -EFinM lte_fin -subr_gt0.
rewrite -(ltr_add2r (F (s + 1) * K)) add0r.
by apply: lt_le_trans h1; rewrite mulrC.
Qed.

End conditioning.

Theorem theorem6 : statements.theorem6.
Proof.
move=> d T R Q X V [Q1 mX mV indep [light iV Vunb]] M.
have [N NP] := conditional_mean_diverges Q1 mX mV indep light iV Vunb M.
have mU : measurable_fun setT (X \+ V) by exact: measurable_funD.
have sub t : above (X \+ V) t `<=` at_least (X \+ V) t by move=> x; exact: ltW.
exists N => t Nt; split; apply: NP Nt _ _ _ _ => //.
- exact: measurable_at_least.
- exact: measurable_above.
Qed.

(* ---------------------------------------------------------------- the witness *)

(* The Poisson law with mean 1. *)
Section poisson.
Variable R : realType.

Lemma inverse_factorial_ge0 n : 0 <= expR (-1) / n`!%:R :> R.
Proof. by rewrite divr_ge0// ltW// expR_gt0. Qed.
Definition inverse_factorials n : {nonneg R} := NngNum (inverse_factorial_ge0 n).
Let w n : R := (inverse_factorials n)%:num.
Definition poisson := discrete inverse_factorials (fun n => n%:R : R).

Let w_gt0 n : 0 < w n. Proof. by apply: divr_gt0; [exact: expR_gt0|rewrite ltr0n fact_gt0]. Qed.

Let wS n : w n.+1 = w n / n.+1%:R.
Proof. by rewrite /w/= factS natrM; field; rewrite nat1r !pnatr_eq0/= -lt0n fact_gt0. Qed.

Lemma poisson_law : law poisson.
Proof.
apply: discrete_law; apply: cvg_lim => //.
rewrite (_ : (fun _ => _) = EFin \o (fun n => expR (-1) * series (exp_coeff 1) n)); last first.
  apply/funext => n; rewrite sumEFin/= /series/= mulr_sumr; congr EFin.
  by apply: eq_bigr => i _; rewrite /exp_coeff/= expr1n mul1r.
apply: cvg_EFin; first exact: nearW.
rewrite [X in _ --> X](_ : 1 = expR (-1) * expR 1); last by rewrite -expRD addNr expR0.
by apply: cvgMr; exact: is_cvg_series_exp_coeff.
Qed.

Lemma poisson_unbounded : unbounded poisson id.
Proof. by apply: discrete_unbounded => n; first exact: w_gt0. Qed.

(* Q(X > t + 1) <= Q(X > t)/t, term by term. *)
Lemma poisson_superexponential : superexponential poisson id.
Proof.
split=> [|e e0]; first exact: poisson_unbounded.
exists (e^-1) => t te; have t0 : 0 < t by apply: lt_le_trans te; rewrite invr_gt0.
have P1 := poisson_law; have mid : measurable_fun setT (@id R) by exact: measurable_fun_id.
rewrite -lee_fin EFinM !tailE//.
set q := poisson (above id t).
have mass s n : (n%:R \in above id s) = (s < n%:R) :> bool.
  by apply/idP/idP; rewrite inE.
rewrite discreteE; apply: lime_le.
  by apply: is_cvg_nneseries => n _; rewrite lee_fin mulr_ge0.
apply: nearW => -[|n]; first by rewrite big_geq// mule_ge0// lee_fin ltW.
rewrite big_nat_recl//= mass [_ < 0]ltNge (ltW (addr_gt0 t0 _))//= mulr0 add0e.
rewrite /q discreteE -nneseriesrM; last by move=> i _; rewrite lee_fin mulr_ge0.
apply: le_trans (nneseries_lim_ge n _); last first.
  by move=> i _; rewrite mule_ge0// lee_fin ?mulr_ge0// ltW.
apply: lee_sum => i _; rewrite !mass -EFinM lee_fin -natr1 ltr_add2r.
have [ti|_] := ltP t i%:R; last by rewrite !mulr0.
rewrite !mulr1 -[X in X <= _]/(w i.+1) wS mulrC ler_wpmul2r ?(ltW (w_gt0 i))//.
rewrite -[e]invrK ler_pinv ?inE ?unitfE ?invr_eq0 ?gt_eqF ?invr_gt0 ?ltr0n//.
by rewrite (le_trans te)// (le_trans (ltW ti))// ler_nat.
Qed.

End poisson.

(* X and V as the coordinates under a product of two laws. *)
Section product.
Variable R : realType.
Variables (A B : {measure set R -> \bar R}).
Hypotheses (A1 : law A) (B1 : law B).

Lemma law_sigma_finite : sigma_finite setT B.
Proof.
exists (fun=> setT); first by rewrite bigcup_const//; exists 0%N.
by move=> _; rewrite (B1 : B setT = _) ltry.
Qed.

Definition product : {measure set (R * R)%type -> \bar R} :=
  [the measure _ _ of product_measure1 A law_sigma_finite].

Lemma productE S S' : measurable S -> measurable S' -> product (S `*` S') = (A S * B S')%E.
Proof. exact: product_measure1E. Qed.

Lemma measurable_coordinates :
  measurable_fun setT (fst : R * R -> R) /\ measurable_fun setT (snd : R * R -> R).
Proof. by apply/(@prod_measurable_funP _ _ _ _ R R id); exact: measurable_fun_id. Qed.

Lemma product_law : law product.
Proof. by rewrite /law -setMTT productE// (A1 : A setT = _) (B1 : B setT = _) mule1. Qed.

Lemma product_fst S : measurable S -> product (fst @^-1` S) = A S.
Proof. by move=> mS; rewrite -setMT productE// (B1 : B setT = _) mule1. Qed.

Lemma product_snd S : measurable S -> product (snd @^-1` S) = B S.
Proof. by move=> mS; rewrite -setTM productE// (A1 : A setT = _) mul1e. Qed.

Lemma product_independent : independent product fst snd.
Proof. by move=> S S' mS mS'; rewrite product_fst// product_snd// -productE. Qed.

Lemma product_finite_mean : finite_mean B id -> finite_mean product snd.
Proof.
have [_ m2] := measurable_coordinates.
move=> [mid fin]; split; first exact/EFin_measurable_fun.
have mabs : measurable_fun setT (fun y : R => `|y%:E|%E) by exact: measurable_fun_comp.
rewrite -[X in (X < _)%E]/(\int[product]_x ((fun y : R => `|y%:E|%E) \o snd) x)%E.
rewrite -(integral_pushforward m2)//.
rewrite (eq_measure_integral B)// => S mS _.
exact: product_snd.
Qed.

End product.

Theorem theorem6_witness : statements.theorem6_witness.
Proof.
move=> R; pose V : {measure set R -> \bar R} := discrete (@halves R) (fun n => n%:R).
have P1 := poisson_law R; have V1 : law V by exact: discrete_law (halves_sum R).
have [m1 m2] := measurable_coordinates R.
have mid : measurable_fun setT (@id R) by exact: measurable_fun_id.
have Pabove t : product (poisson R) V1 (above fst t) = poisson R (above id t).
  by rewrite -(product_fst (poisson R) V1)//; exact: measurable_above.
exists (product (poisson R) V1); split => //; [exact: product_law|exact: product_independent|split].
- have [unb light] := poisson_superexponential R; split=> [t|e /light [N NP]].
    by rewrite Pabove.
  by exists N => t /NP; rewrite /tail !Pabove.
- by apply: product_finite_mean => //; exact: naturals_finite_mean.
- move=> t; rewrite -[above snd t]/(snd @^-1` (above id t)) product_snd//; last first.
    exact: measurable_above.
  exact: naturals_unbounded.
Qed.
