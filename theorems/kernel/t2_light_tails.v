(* Theorem 2: for a right-light law, a small divergence raises the mean by little. *)
From goodhart Require Import library definitions statements integrals divergence discrete.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

(* ---------------------------------------------------------------- Donsker-Varadhan *)

Section upper_bound.
Context d (T : measurableType d) (R : realType).
Variables (Q : {measure set T -> \bar R}) (X : T -> R).
Hypotheses (Q1 : law Q) (mX : measurable_fun setT X).
Variable l : R.
Hypotheses (l0 : 0 < l) (mgf_fin : (mgf Q X l < +oo)%E).

Lemma finite_exp : finite_mean Q (fun x => expR (l * X x)).
Proof.
apply: finite_mean_ge0 => //; first exact: measurable_expM.
by move=> x; rewrite ltW// expR_gt0.
Qed.

Variables (P : {measure set T -> \bar R}) (g : T -> R).
Hypotheses (P1 : law P) (gP : density P Q g) (KL_fin : (KL Q g < +oo)%E).

Let mg : measurable_fun setT g. Proof. by have [] := gP. Qed.
Let g0 x : 0 <= g x. Proof. by have [_ h _] := gP. Qed.
Let Xpos x := maxr (X x) 0.
Let mXpos : measurable_fun setT Xpos.
Proof. by apply: measurable_fun_max => //; exact: measurable_fun_cst. Qed.

Lemma finite_positive_part : finite_mean Q (fun x => Xpos x * g x).
Proof.
have bound := finite_meanZ l^-1
  (finite_meanD (finite_mean_norm (finite_KL Q1 gP KL_fin)) finite_exp).
apply: finite_mean_le bound => [|x]; first exact: measurable_funM.
have X0 : 0 <= Xpos x by rewrite le_maxr lexx orbT.
rewrite ger0_norm ?mulr_ge0// ler_pdivl_mull//.
apply: le_trans (young_pos _ (g0 x)).
by rewrite mulrA mulrC maxr_pmulr ?(ltW l0)// mulr0.
Qed.

(* Where E_P X is finite. *)
Lemma upper_bound_finite :
  finite_mean Q (fun x => X x * g x) -> 0 < Ex Q (fun x => expR (l * X x)) ->
  Ex Q (fun x => X x * g x) <=
  (Ex Q (fun x => g x * ln (g x)) + ln (Ex Q (fun x => expR (l * X x)))) / l.
Proof.
move=> iX Z0; set Z := Ex Q _ in Z0 *.
have [ig g1] := Ex_density gP P1.
have [iK iM] := (finite_KL Q1 gP KL_fin, finite_exp).
pose f1 x := l * (X x * g x).
pose f2 x := (-1) * (g x * ln (g x)).
pose f3 x := (- ln Z) * g x.
pose h1 x := Z^-1 * expR (l * X x).
pose h2 x := (-1) * g x.
have i1 : finite_mean Q f1 by exact: finite_meanZ.
have i2 : finite_mean Q f2 by exact: finite_meanZ.
have i3 : finite_mean Q f3 by exact: finite_meanZ.
have j1 : finite_mean Q h1 by exact: finite_meanZ.
have j2 : finite_mean Q h2 by exact: finite_meanZ.
have i23 : finite_mean Q (fun x => f2 x + f3 x) by exact: finite_meanD.
have := Ex_le (finite_meanD i1 i23) (finite_meanD j1 j2).
rewrite (ExD i1 i23) (ExD i2 i3) (ExD j1 j2) !ExZ// g1 -/Z mulVf ?gt_eqF//.
set KLg := Ex Q (fun x => g x * ln (g x)).
rewrite [-1 * 1]mulr1 subrr => H.
rewrite ler_pdivl_mulr// mulrC -subr_le0.
have -> : l * Ex Q (fun x => X x * g x) - (KLg + ln Z) =
  l * Ex Q (fun x => X x * g x) + (-1 * KLg + - ln Z * 1) by ring.
apply: H => x.
rewrite /f1 /f2 /f3 /h1 /h2.
have := young (l * X x) (g0 x) Z0.
rewrite [_ / Z]mulrC !mulNr !mul1r => h; apply: le_trans h.
by rewrite le_eqVlt; apply/orP; left; apply/eqP; ring.
Qed.

(* In general: E_P X is finite or -oo. *)
Lemma upper_bound : 0 < Ex Q (fun x => expR (l * X x)) ->
  (mean P Xpos < +oo)%E /\
  (mean P X <= ((fine (KL Q g) + ln (Ex Q (fun x => expR (l * X x)))) / l)%:E)%E.
Proof.
move=> Z0; have fpos := finite_positive_part.
have mXg : measurable_fun setT (fun x => X x * g x) by exact: measurable_funM.
split; first by rewrite (mean_density gP)// (ExE fpos) ltry.
rewrite (mean_density gP)//.
have [fX|] := pselect (finite_mean Q (fun x => X x * g x)).
  by rewrite (ExE fX) lee_fin; exact: upper_bound_finite.
move=> nfX; suff -> : mean Q (fun x => X x * g x) = -oo%E by rewrite leNye.
set f := fun x => (X x * g x)%:E.
have mf : measurable_fun setT f by exact/EFin_measurable_fun.
have posE : (\int[Q]_x f^\+ x = (Ex Q (fun x => Xpos x * g x))%:E)%E.
  rewrite -(ExE fpos); apply: eq_integral => x _.
  by rewrite /funepos /f maxEFin /Xpos maxr_pmull// mul0r.
rewrite /mean integralE posE.
have [neg|neg] := eqVneq (\int[Q]_x f^\- x)%E +oo%E; first by rewrite neg.
case: nfX; split=> //.
rewrite -[X in integral _ _ X]/(abse \o f) fune_abse ge0_integralD//; last 2 first.
- exact: emeasurable_fun_funepos.
- exact: emeasurable_fun_funeneg.
by rewrite posE lte_add_pinfty ?ltry// ltey.
Qed.

End upper_bound.

Section mgf.
Context d (T : measurableType d) (R : realType).
Variable Q : {measure set T -> \bar R}.
Hypothesis Q1 : law Q.

(* E exp(l X) > 0: somewhere exp(l X) is at least 1/n. *)
Lemma mgf_gt0 (X : T -> R) (l : R) : measurable_fun setT X -> (mgf Q X l < +oo)%E ->
  0 < Ex Q (fun x => expR (l * X x)).
Proof.
move=> mX fin; have mE := measurable_expM l mX.
have fE : finite_mean Q (fun x => expR (l * X x)) by exact: finite_exp.
rewrite lt_neqAle Ex_ge0 ?andbT; last by move=> x; rewrite ltW// expR_gt0.
have mEE : measurable_fun setT (EFin \o (fun x => expR (l * X x))).
  exact/EFin_measurable_fun.
apply/eqP => E0; have abs0 : (\int[Q]_x `|(EFin \o (fun x => expR (l * X x))) x| = 0)%E.
  under eq_integral do rewrite gee0_abs ?lee_fin ?(ltW (expR_gt0 _))//.
  by rewrite [LHS](ExE fE) -E0.
have [N [mN N0 sub]] := (ae_eq_integral_abs Q measurableT mEE).1 abs0.
have : (Q setT <= Q N)%E.
  apply: le_measure; rewrite ?inE// => x _; apply: sub => /= /(_ I) /eqP.
  by rewrite eqe gt_eqF// expR_gt0.
by rewrite N0 (Q1 : Q setT = _) lee_fin ler10.
Qed.

End mgf.

Theorem donsker_varadhan : statements.donsker_varadhan.
Proof.
move=> d T R Q X Q1 mX l l0 fin P g P1 gP KLfin.
exact: upper_bound (mgf_gt0 Q1 mX fin).
Qed.

(* ---------------------------------------------------------------- the theorem *)

Section small_divergence.
Context d (T : measurableType d) (R : realType).
Variables (Q : {measure set T -> \bar R}).
Hypothesis Q1 : law Q.

(* For a finite mean: (M(l/n) - 1)/(l/n) -> E X as n -> oo, by dominated convergence. *)
Lemma small_divergence (X : T -> R) (l : R) : measurable_fun setT X -> finite_mean Q X ->
  0 < l -> (mgf Q X l < +oo)%E -> forall eps : R, 0 < eps -> exists2 D : R, 0 < D &
  forall (P : {measure set T -> \bar R}) (g : T -> R),
  law P -> density P Q g -> (KL Q g <= D%:E)%E -> (mean P X <= (Ex Q X + eps)%:E)%E.
Proof.
move=> mX iX l0 fin eps eps0.
have iM := finite_exp mX fin.
pose f (n : nat) x := n.+1%:R * (expR (l * X x / n.+1%:R) - 1).
have n0 n : 0 < n.+1%:R :> R by rewrite ltr0n.
have flo n x : l * X x <= f n x.
  rewrite /f [leRHS]mulrC -ler_pdivr_mulr// ler_subr_addl; exact: expR_ge1D.
have fhi n x : f n x <= l * X x * expR (l * X x / n.+1%:R).
  rewrite /f [leLHS]mulrC -ler_pdivl_mulr//.
  have := expRB1_le (l * X x / n.+1%:R); move/le_trans; apply.
  by rewrite mulrAC.
have fdom n x : `|f n x| <= `|l * X x| + expR (l * X x).
  have [u0|u0] := leP 0 (l * X x).
    rewrite ger0_norm; last exact: le_trans (flo n x).
    rewrite ler_paddl//.
    have h0 : 0 <= expR (l * X x / n.+1%:R) - 1.
      by rewrite subr_ge0 -[leLHS]expR0 ler_expR divr_ge0.
    have := bernoulli n.+1 h0; rewrite addrCA subrr addr0 -expRMm.
    rewrite [n.+1%:R * (_ / _)]mulrCA mulfV ?gt_eqF// mulr1 => h.
    by apply: le_trans h; rewrite /f ler_addr.
  rewrite ler0_norm.
    by apply: ler_paddr; [exact/ltW/expR_gt0|rewrite (ltr0_norm u0) ler_opp2 flo].
  rewrite /f pmulr_rle0// subr_le0 -[leRHS]expR0 ler_expR.
  by rewrite ltW// ltr_pdivr_mulr// mul0r.
have fE n : f n = (fun x => n.+1%:R * (expR (l / n.+1%:R * X x) - 1)).
  by apply/funext => x; rewrite /f [l / _ * _]mulrAC.
have mf n : measurable_fun setT (f n).
  rewrite fE; apply: measurable_funrM; apply: measurable_funB; first exact: measurable_expM.
  exact: measurable_fun_cst.
have iabs := finite_mean_norm (finite_meanZ l iX).
have idom := finite_meanD iabs iM.
have if_ n : finite_mean Q (f n) by exact: finite_mean_le (mf n) (fdom n) idom.
have cvgf x : (f ^~ x) --> l * X x.
  have c1 : (fun n : nat => l * X x * expR (l * X x / n.+1%:R)) --> l * X x.
    rewrite -[X in _ --> X]mulr1 -[X in _ --> (_ * X)]expR0; apply: cvgMr.
    apply: continuous_cvg; first exact: continuous_expR.
    rewrite -[X in _ --> X](mulr0 (l * X x)); apply: cvgMr.
    exact: cvg_harmonic.
  apply: (@squeeze_cvgr _ _ _ _ (cst (l * X x)) _
    (fun n : nat => l * X x * expR (l * X x / n.+1%:R))) => //.
  - by apply: nearW => n; rewrite flo fhi.
  - exact: cvg_cst.
have [] := @dominated_convergence _ _ _ Q _ measurableT (fun n => EFin \o f n)
  (EFin \o (fun x => l * X x)) (EFin \o (fun x => `|l * X x| + expR (l * X x))).
- by move=> n; exact/EFin_measurable_fun.
- by apply/EFin_measurable_fun; exact: measurable_funrM.
- apply: aeW => x _; apply: cvg_EFin; first exact: nearW.
  exact: cvgf.
- exact: idom.
- by apply: aeW => x n _; rewrite /= lee_fin.
move=> _ _ cvgE.
have lim : (\int[Q]_x (EFin \o (fun x => l * X x)%R) x)%E = (l * Ex Q X)%:E.
  by rewrite -(ExZ l iX) -ExE//; exact: finite_meanZ.
have e20 : 0 < eps / 2 by rewrite divr_gt0// ltr0n.
rewrite lim in cvgE.
have /cvgE [n _ nP] : nbhs ((l * Ex Q X)%:E : \bar R)
    [set u | (u < (l * (Ex Q X + eps / 2))%:E)%E].
  by apply: open_ereal_lt'; rewrite lte_fin ltr_pmul2l// ltr_addl.
have {}nP : Ex Q (f n) < l * (Ex Q X + eps / 2).
  by have := nP n (leqnn n); rewrite /= -lte_fin -ExE.
pose lam := l / n.+1%:R.
have lam0 : 0 < lam by rewrite divr_gt0.
have i1 : finite_mean Q (fun=> (1 : R)) by exact: finite_mean_cst.
have ifn : finite_mean Q (fun x => n.+1%:R^-1 * f n x) by exact: finite_meanZ.
have eE : (fun x => expR (lam * X x)) = (fun x => n.+1%:R^-1 * f n x + 1).
  by apply/funext => x; rewrite fE mulrA mulVf ?gt_eqF// mul1r subrK.
have ie : finite_mean Q (fun x => expR (lam * X x)) by rewrite eE; exact: finite_meanD.
have fin' : (mgf Q X lam < +oo)%E by rewrite -[mgf _ _ _]/(mean Q _) (ExE ie) ltry.
have ZE : Ex Q (fun x => expR (lam * X x)) = n.+1%:R^-1 * Ex Q (f n) + 1.
  by rewrite eE (ExD ifn i1) ExZ// Ex_cst.
have Z0 := mgf_gt0 Q1 mX fin'.
exists (lam * (eps / 2)); first by rewrite mulr_gt0.
move=> P g P1 gP Kd.
have KLfin : (KL Q g < +oo)%E by rewrite (le_lt_trans Kd)// ltry.
have [_ bound] := upper_bound Q1 mX lam0 fin' P1 gP KLfin Z0.
apply: le_trans bound _; rewrite lee_fin ler_pdivr_mulr//.
have {}Kd : fine (KL Q g) <= lam * (eps / 2).
  by move: Kd; rewrite -[KL Q g]/(mean Q _) (ExE (finite_KL Q1 gP KLfin)) lee_fin.
apply: (@le_trans _ _ (lam * (eps / 2) + n.+1%:R^-1 * Ex Q (f n))).
  apply: ler_add => //; apply: le_trans (ln_le_sub1 Z0) _.
  by rewrite ZE addrK.
apply: (@le_trans _ _ (lam * (eps / 2) + n.+1%:R^-1 * (l * (Ex Q X + eps / 2)))).
  by rewrite ler_add2l ler_pmul2l ?invr_gt0// ltW.
rewrite /lam le_eqVlt; apply/orP; left; apply/eqP; field.
by rewrite nat1r pnatr_eq0.
Qed.

Variables (X : T -> R) (l : R).
Hypotheses (mX : measurable_fun setT X) (l0 : 0 < l) (fin : (mgf Q X l < +oo)%E).

(* In general: cut X off at -n. *)
Let cut (n : nat) x := maxr (X x) (- n%:R).

Let mcut n : measurable_fun setT (cut n).
Proof. by apply: measurable_fun_max => //; exact: measurable_fun_cst. Qed.

Let exp_ge y : maxr y 0 <= l^-1 * expR (l * y).
Proof.
have e0 := ltW (expR_gt0 (l * y)); rewrite le_maxl mulr_ge0 ?invr_ge0 ?(ltW l0)// andbT.
by rewrite ler_pdivl_mull// (le_trans _ (expR_ge1D _))// ler_addr.
Qed.

Lemma cut_finite_mean n : finite_mean Q (cut n).
Proof.
apply: finite_mean_le (mcut n) _ (finite_meanD (finite_meanZ l^-1 (finite_exp mX fin))
  (finite_mean_cst Q1 n%:R)) => x.
have e0 : 0 <= l^-1 * expR (l * X x) by rewrite mulr_ge0 ?invr_ge0 ?(ltW l0)// ltW// expR_gt0.
have Xe : X x <= l^-1 * expR (l * X x) by apply: le_trans (exp_ge _); rewrite le_maxr lexx.
rewrite ler_norml; apply/andP; split.
  by rewrite le_maxr ler_opp2 ler_addr e0 orbT.
rewrite le_maxl (le_trans Xe) ?ler_addl//=.
by rewrite (@le_trans _ _ 0) ?oppr_le0// addr_ge0.
Qed.

Lemma cut_mgf n : (mgf Q (cut n) l < +oo)%E.
Proof.
suff : finite_mean Q (fun x => expR (l * cut n x)).
  by move=> /ExE; rewrite /mean/mgf => ->; rewrite ltry.
apply: finite_mean_le (measurable_expM l (mcut n)) _
  (finite_meanD (finite_exp mX fin) (finite_mean_cst Q1 1)) => x.
rewrite ger0_norm ?(ltW (expR_gt0 _))// /cut; have [h|h] := leP (X x) (- n%:R); last first.
  by rewrite ler_addl.
apply: (@le_trans _ _ 1); last by rewrite ler_addr ltW// expR_gt0.
by rewrite -[leRHS]expR0 ler_expR mulrN oppr_le0 mulr_ge0// ltW.
Qed.

Lemma cut_mean (M : R) : (mean Q X < M%:E)%E -> exists n, Ex Q (cut n) < M.
Proof.
pose neg (n : nat) x := maxr (X x) 0 - cut n x.
have fpos : finite_mean Q (fun x => maxr (X x) 0).
  by have := cut_finite_mean 0; rewrite /cut oppr0.
have fneg n : finite_mean Q (neg n).
  have := finite_meanD fpos (finite_meanZ (-1) (cut_finite_mean n)).
  by rewrite (_ : (fun _ => _) = neg n)//; apply/funext => x; rewrite mulN1r.
have neg0 n x : 0 <= neg n x.
  rewrite subr_ge0 /cut le_maxl !le_maxr lexx/=; apply/orP; right.
  by rewrite oppr_le0.
have negE n x : neg n x = minr (maxr (- X x) 0) n%:R.
  rewrite /neg /cut; have [x0|x0] := leP (X x) 0.
    have -> : maxr (- X x) 0 = - X x by rewrite max_l// oppr_ge0.
    rewrite sub0r; have [h|h] := leP (X x) (- n%:R).
      by rewrite opprK min_r// ler_oppr.
    by rewrite min_l// ler_oppl ltW.
  have -> : maxr (- X x) 0 = 0 by rewrite max_r// oppr_le0 ltW.
  have -> : maxr (X x) (- n%:R) = X x by rewrite max_l// (le_trans _ (ltW x0))// oppr_le0.
  by rewrite subrr min_l.
have negoo : (fun n => \int[Q]_x (neg n x)%:E)%E --> (\int[Q]_x (EFin \o X)^\- x)%E.
  rewrite (_ : (\int[Q]_x _)%E = \int[Q]_x (lim (fun n => (neg n x)%:E)))%E; last first.
    apply: eq_integral => x _; apply/esym/cvg_lim => //; apply: cvg_near_cst.
    exists (Num.bound `|X x|) => // n /= Xn; rewrite negE /funeneg -EFinN maxEFin min_l//.
    have XN : `|X x| <= n%:R by rewrite (le_trans (ltW (archi_boundP _)))// ler_nat.
    by rewrite le_maxl (le_trans _ XN)//= (le_trans (ler_norm _))// normrN.
  apply: cvg_monotone_convergence => //.
  - by move=> n; have [] := fneg n.
  - by move=> n x _; rewrite lee_fin.
  - by move=> x _ m n mn; rewrite lee_fin !negE le_minr le_minl lexx/= le_minl ler_nat mn orbT.
rewrite /mean integralE.
have -> : (\int[Q]_x (fun x => (X x)%:E)^\+ x = (Ex Q (fun x => maxr (X x) 0))%:E)%E.
  by rewrite -(ExE fpos); apply: eq_integral => x _; rewrite /funepos maxEFin.
move=> XM; have : ((Ex Q (fun x => maxr (X x) 0) - M)%:E < \int[Q]_x (EFin \o X)^\- x)%E.
  move: XM; case: (integral _ _ _) => [r| |]//=; rewrite -?EFinB ?lte_fin ?ltry//.
  by rewrite ltr_subl_addr ltr_subl_addl addrC.
move=> /open_ereal_gt' /negoo [n _ nP]; exists n.
have := nP n (leqnn n); rewrite /= -[(\int[Q]_x _)%E]/(mean Q (neg n)) (ExE (fneg n)) lte_fin.
have -> : Ex Q (neg n) = Ex Q (fun x => maxr (X x) 0) - Ex Q (cut n).
  rewrite -mulN1r -(ExZ _ (cut_finite_mean n)) -(ExD fpos (finite_meanZ _ (cut_finite_mean n))).
  by congr Ex; apply/funext => x; rewrite mulN1r.
by rewrite ltr_add2l ltr_opp2.
Qed.

End small_divergence.

Theorem theorem2 : statements.theorem2.
Proof.
move=> d T R Q X [Q1 mX [l l0 fin]]; split=> [D|M XM].
  exists ((D + ln (Ex Q (fun x => expR (l * X x)))) / l) => P g P1 gP KD.
  have KLfin : (KL Q g < +oo)%E by rewrite (le_lt_trans KD)// ltry.
  have [_ bound] := upper_bound Q1 mX l0 fin P1 gP KLfin (mgf_gt0 Q1 mX fin).
  apply: le_trans bound _; rewrite lee_fin ler_pmul2r ?invr_gt0// ler_add2r.
  by move: KD; rewrite -[KL Q g]/(mean Q _) (ExE (finite_KL Q1 gP KLfin)) lee_fin.
have [n nM] := cut_mean Q1 mX l0 fin XM.
have mcut : measurable_fun setT (fun x => maxr (X x) (- n%:R)).
  by apply: measurable_fun_max => //; exact: measurable_fun_cst.
have eps0 : 0 < M - Ex Q (fun x => maxr (X x) (- n%:R)) by rewrite subr_gt0.
have [D D0 bound] := small_divergence Q1 mcut (cut_finite_mean Q1 mX l0 fin n) l0
  (cut_mgf Q1 mX l0 fin n) eps0.
exists D => // P g P1 gP KD; have := bound P g P1 gP KD; rewrite addrCA subrr addr0.
apply: le_trans; apply: mean_le => [//||x]; first exact: mcut.
by rewrite le_maxr lexx.
Qed.

(* ---------------------------------------------------------------- the witness *)

Lemma kl_le_chi_square (R : realType) (p q : R) : 0 < p < 1 -> 0 < q < 1 ->
  kl p q <= (p - q) ^+ 2 / (q * (1 - q)).
Proof.
move=> /andP[p0 p1] /andP[q0 q1]; have p1' : 0 < 1 - p by rewrite subr_gt0.
have q1' : 0 < 1 - q by rewrite subr_gt0.
have -> : (p - q) ^+ 2 / (q * (1 - q)) =
    p * (p / q - 1) + (1 - p) * ((1 - p) / (1 - q) - 1).
  by field; rewrite !gt_eqF.
by apply: ler_add; rewrite ler_pmul2l// ln_le_sub1// divr_gt0.
Qed.

Section witness.
Variable R : realType.
Let Q := discrete (@halves R) (fun n => n%:R).
Let Q1 : law Q. Proof. exact: discrete_law (halves_sum R). Qed.

Lemma naturals_raised delta : 0 < delta -> exists (P : {measure set R -> \bar R}) (g : R -> R),
  [/\ law P, density P Q g, (KL Q g <= delta%:E)%E & (mean Q id < mean P id)%E].
Proof.
move=> delta0; have mid : measurable_fun setT (@id R) by exact: measurable_fun_id.
have fm := naturals_finite_mean R; set mu := Ex Q id.
pose t := `|mu| + 1; have t0 : 0 < t by rewrite ltr_paddl.
have mut : mu < t by rewrite (le_lt_trans (ler_norm mu))// ltr_addl.
pose q := tail Q id t.
have q0 : 0 < q by apply: unbounded_tail => //; exact: naturals_unbounded.
have q1 : 0 < 1 - q.
  rewrite -lte_fin -law_setC//; last exact: measurable_above.
  apply: lt_le_trans (@discrete_ge _ _ _ 0%N _ _); first by rewrite lte_fin halves_gt0.
  by rewrite /above/= => /ltW; rewrite leNgt t0.
have q01 : 0 < q < 1 by rewrite q0 -subr_gt0.
pose s := minr ((1 - q) / 2) (delta * (q * (1 - q))).
have s0 : 0 < s by rewrite lt_minr divr_gt0 ?ltr0n// !mulr_gt0.
have s1 : s <= (1 - q) / 2 by rewrite le_minl lexx.
have sd : s <= delta * (q * (1 - q)) by rewrite le_minl lexx orbT.
have half_lt : (1 - q) / 2 < 1 - q by rewrite ltr_pdivr_mulr ?ltr0n// ltr_pmulr// ltr1n.
have p01 : 0 < q + s < 1.
  by rewrite addr_gt0//= addrC -ltr_subr_addr (le_lt_trans s1).
have p01' : 0 <= q + s <= 1 by case/andP: p01 => ? ?; rewrite !ltW.
have qp : q <= q + s by rewrite ler_addl ltW.
have [fP raised] := threshold_mean Q1 mid p01' q01 fm (ltW t0) qp.
exists (threshold_law mid p01' q01), (threshold Q id t (q + s)); split.
- exact: threshold_is_law.
- exact: threshold_density.
- rewrite threshold_KL// lee_fin; apply: le_trans (kl_le_chi_square p01 q01) _.
  rewrite -/q addrC addKr ler_pdivr_mulr ?mulr_gt0// expr2.
  apply: le_trans sd; rewrite ler_pimull ?(ltW s0)// (le_trans s1)// (le_trans (ltW half_lt))//.
  by rewrite ler_subl_addr ler_addl ltW.
- rewrite (ExE fP) (ExE fm) lte_fin; apply: lt_le_trans raised.
  by rewrite ltr_addl divr_gt0// mulr_gt0 ?subr_gt0// ltr_addl.
Qed.

End witness.

Theorem theorem2_witness : statements.theorem2_witness.
Proof.
move=> R; exists (discrete (@halves R) (fun n => n%:R)); split.
- split; [exact: discrete_law (halves_sum R)|exact: measurable_fun_id|].
  exists (ln (3 / 2)); last exact: naturals_light.
  by rewrite ln_gt0// ltr_pdivl_mulr ?ltr0n// mul1r ltr_nat.
- exact: naturals_finite_mean.
- exact: naturals_unbounded.
- exact: naturals_raised.
Qed.
