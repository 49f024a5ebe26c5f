(* Theorem 1: for a right-heavy law with a finite mean, some P has a mean above any M and a
   divergence below any eps. *)
From goodhart Require Import library definitions statements integrals divergence discrete.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

(* ---------------------------------------------------------------- the cost of mass c/t above t *)

Section cost.
Variable R : realType.
Implicit Types p q c e b t N : R.

Lemma kl_bound p q : 0 < p < 1 -> 0 < q < 1 -> kl p q <= p * (- ln q) + q / (1 - q).
Proof.
move=> /andP[p0 p1] /andP[q0 q1]; rewrite /kl.
have q1' : 0 < 1 - q by rewrite subr_gt0.
have p1' : 0 < 1 - p by rewrite subr_gt0.
apply: ler_add.
- rewrite ler_pmul2l// ln_div ?posrE// ler_subl_addr addrC subrr.
  by rewrite -ln1 ler_ln ?posrE// ltW.
- have x0 : 0 <= q / (1 - q) by rewrite divr_ge0// ltW.
  have y0 : 0 < (1 - p) / (1 - q) by rewrite divr_gt0.
  have z0 : 0 < 1 + q / (1 - q) by rewrite (lt_le_trans ltr01)// ler_addl.
  apply: (@le_trans _ _ ((1 - p) * (q / (1 - q)))).
    rewrite ler_pmul2l//; apply: le_trans (le_ln1Dx x0).
    rewrite ler_ln ?posrE//.
    rewrite -(@ler_pmul2r _ (1 - q))// divfK ?gt_eqF//.
    rewrite mulrDl mul1r divfK ?gt_eqF//.
    by rewrite subrK ler_subl_addr ler_addl ltW.
  by rewrite ler_pimull// ler_subl_addr ler_addl ltW.
Qed.

Variable F : R -> R.
Hypothesis tF_vanishes : forall e, 0 < e -> exists N, forall t, N <= t -> t * F t < e.
Hypothesis F_heavy : forall b N, 0 < b -> exists t, N < t /\ expR (- (b * t)) < F t.

Lemma cheap_threshold c e N : 0 < c -> 0 < e ->
  exists t, [/\ N < t, 0 < t, 0 < c / t < 1 & 0 < F t < 1] /\
            kl (c / t) (F t) < e /\ t * F t < e.
Proof.
move=> c0 e0.
pose dl := minr (1/2) (e / 8).
have dl0 : 0 < dl.
  by rewrite /dl lt_minr; apply/andP; split; apply: divr_gt0; rewrite ?ltr01 ?ltr0n.
have [N1 HN1] := tF_vanishes dl0.
have [N2 HN2] := tF_vanishes e0.
pose N0 := maxr (maxr N c) (maxr N1 (maxr N2 1)).
have b0 : 0 < e / (c *+ 2) by rewrite divr_gt0// mulrn_wgt0.
have [t [Nt Ht]] := F_heavy N0 b0; rewrite /N0 in Nt.
exists t.
move: Nt; rewrite !lt_maxl => /andP[/andP[Nt ct] /and3P[N1t N2t t1]].
have t0 : 0 < t by exact: lt_trans t1.
have Ft0 : 0 < F t by apply: le_lt_trans Ht; exact/ltW/expR_gt0.
have Ftd : F t < dl.
  apply: le_lt_trans (HN1 _ (ltW N1t)).
  by rewrite ler_pmull// ltW.
have dlhalf : dl <= 1 / 2 by rewrite /dl le_minl lexx.
have dle : dl <= e / 8 by rewrite /dl le_minl lexx orbT.
have Fth : F t < 1 / 2 by exact: lt_le_trans dlhalf.
have h1 : (1 / 2 : R) < 1 by rewrite ltr_pdivr_mulr ?ltr0n// mul1r ltr1n.
have Ft1 : F t < 1 by exact: lt_trans h1.
have p0 : 0 < c / t by rewrite divr_gt0.
have p1 : c / t < 1 by rewrite ltr_pdivr_mulr// mul1r.
split; first by split=> //; apply/andP.
split; last exact: HN2 (ltW N2t).
apply: le_lt_trans (kl_bound _ _) _; [exact/andP|exact/andP|].
have hl : - ln (F t) < e / (c *+ 2) * t.
  by rewrite ltr_oppl -[X in X < _]expK ltr_ln ?posrE ?expR_gt0// expK.
have hm : c / t * (- ln (F t)) < e / 2.
  apply: (@lt_le_trans _ _ (c / t * (e / (c *+ 2) * t))); first by rewrite ltr_pmul2l.
  rewrite -mulr_natr le_eqVlt; apply/orP; left; apply/eqP; field.
  by rewrite !gt_eqF// pnatr_eq0.
have hr : F t / (1 - F t) <= F t * 2.
  rewrite ler_pdivr_mulr ?subr_gt0// -mulrA ler_pmulr//.
  rewrite mulrBr mulr1 ler_subr_addr -ler_subr_addl.
  rewrite -ler_pdivl_mull ?ltr0n// (le_trans (ltW Fth))//.
  by rewrite -[X in _ - X]/(1%:R) -natrB// mulr1 div1r.
have hr' : F t * 2 < e / 2.
  rewrite -ltr_pdivl_mulr ?ltr0n//; apply: lt_le_trans Ftd _.
  apply: le_trans dle _; rewrite -mulrA ler_pmul2l// -invfM -natrM.
  by rewrite ler_pinv ?inE ?unitfE ?pnatr_eq0//= ?ltr0n// ler_nat.
apply: (@lt_le_trans _ _ (e / 2 + e / 2)); last by rewrite -splitr.
by apply: ltr_le_add hm _; apply: le_trans hr _; exact: ltW.
Qed.

End cost.

(* ---------------------------------------------------------------- finite mean: t Q(X > t) -> 0 *)

Section tails.
Context d (T : measurableType d) (R : realType).
Variables (Q : {measure set T -> \bar R}) (X : T -> R).
Hypotheses (Q1 : law Q) (mX : measurable_fun setT X).

Let mA t : measurable (above X t). Proof. exact: measurable_above. Qed.

Lemma mean_tail_vanishes (e : R) : finite_mean Q X -> 0 < e ->
  exists N, forall t, N <= t -> t * tail Q X t < e.
Proof.
move=> iX e0.
have mabs : measurable_fun setT (fun x => `|X x|%:E).
  by have [] := finite_mean_norm iX.
have markov t : 0 <= t -> ((t * tail Q X t)%:E <= \int[Q]_(x in above X t) `|X x|%:E)%E.
  move=> t0; rewrite EFinM tailE// -integral_cst//; apply: ge0_le_integral => //.
  - exact: measurable_fun_cst.
  - exact: measurable_funTS.
  - by move=> x /= tx; rewrite lee_fin; apply: (le_trans (ltW tx)); exact: ler_norm.
pose f (n : nat) x := (`|X x|%:E * (\1_(above X n%:R) x)%:E : \bar R)%E.
have [] := @dominated_convergence _ _ _ Q _ measurableT f (cst 0%E)
  (fun x => `|X x|%:E).
- move=> n; apply: emeasurable_funM => //.
  by apply/EFin_measurable_fun; exact: measurable_fun_indic.
- exact: measurable_fun_cst.
- apply: aeW => x _; apply: cvg_near_cst.
  exists (Num.bound `|X x|) => // n /= Xn.
  rewrite /f indicE memNset ?mule0// /above /= => nX.
  have := archi_boundP (normr_ge0 (X x)); rewrite ltNge => /negP; apply.
  rewrite (le_trans _ (ler_norm _))// (le_trans _ (ltW nX))//.
  by rewrite ler_nat.
- exact: (finite_mean_norm iX).
- apply: aeW => x n _; rewrite /f -EFinM /= lee_fin normrM normr_id.
  rewrite indicE ler_pimulr//.
  by case: (_ \in _); rewrite ?normr1 ?normr0.
move=> _ _; rewrite integral0 => cf.
have /cf [N _ NP] : nbhs (0%E : \bar R) [set u | (u < e%:E)%E].
  by apply: open_ereal_lt'; rewrite lte_fin.
exists N%:R => t Nt; have t0 : 0 <= t by apply: le_trans Nt.
rewrite -lte_fin; apply: le_lt_trans (markov _ t0) _.
apply: le_lt_trans (NP N (leqnn N)).
rewrite /f /= -integral_setI_indic// setTI.
apply: subset_integral => //; first exact: measurable_funTS.
exact: above_subset.
Qed.

(* ---------------------------------------------------------------- heavy, along a subsequence *)

Let geometric_sum (r : R) n : 0 <= r < 1 -> \sum_(0 <= i < n) r ^+ i <= (1 - r)^-1.
Proof.
move=> /andP[r0 r1]; have r1' : 0 < 1 - r by rewrite subr_gt0.
rewrite -(ler_pmul2r r1') mulVf ?gt_eqF//.
have -> : (\sum_(0 <= i < n) r ^+ i) * (1 - r) = 1 - r ^+ n.
  elim: n => [|n ih]; first by rewrite big_nil mul0r expr0 subrr.
  by rewrite big_nat_recr//= mulrDl ih exprS; ring.
by rewrite ler_subl_addr ler_addl exprn_ge0.
Qed.

(* Otherwise Q(X > t) <= exp(-b t) beyond N, and E exp(b X/2) would be finite. *)
Lemma heavy_somewhere b N : right_heavy Q X -> 0 < b ->
  exists t, N < t /\ expR (- (b * t)) < tail Q X t.
Proof.
move=> heavy b0; apply: contrapT => noex.
have ub t : N < t -> tail Q X t <= expR (- (b * t)).
  by move=> Nt; rewrite leNgt; apply/negP => h; apply: noex; exists t.
pose a := b / 2.
have a0 : 0 < a by rewrite divr_gt0// ltr0n.
have ab : b = a + a by rewrite /a -splitr.
pose K := (Num.bound `|N|).+1.
have NK : N < K%:R.
  apply: (le_lt_trans (ler_norm N)); apply: (lt_trans (archi_boundP (normr_ge0 _))).
  by rewrite ltr_nat.
pose h n x :=
  ((expR (a * (K + n).+2%:R))%:E * (\1_(above X (K + n)%:R) x)%:E : \bar R)%E.
have h0 n x : (0 <= h n x)%E.
  by apply: mule_ge0; rewrite lee_fin ?indicE; [exact/ltW/expR_gt0|exact: ler0n].
have mh n : measurable_fun setT (h n).
  apply: emeasurable_funM; first exact: measurable_fun_cst.
  by apply/EFin_measurable_fun; exact: measurable_fun_indic.
have mexp : measurable_fun setT (fun x => (expR (a * X x))%:E).
  by apply/EFin_measurable_fun; exact: measurable_expM.
have dom x : ((expR (a * X x))%:E <=
    (expR (a * K.+1%:R))%:E + \sum_(n <oo) h n x)%E.
  have s0 : (0 <= \sum_(n <oo) h n x)%E by apply: nneseries_ge0.
  have [XK|KX] := leP (X x) K.+1%:R.
    apply: (@le_trans _ _ (expR (a * K.+1%:R))%:E); last by rewrite lee_addl.
    by rewrite lee_fin ler_expR ler_pmul2l.
  pose n := `|floor (X x - K.+1%:R)|%N.
  have fl0 : 0 <= floor (X x - K.+1%:R) by rewrite floor_ge0 subr_ge0 ltW.
  have nE : n%:R = (floor (X x - K.+1%:R))%:~R :> R by rewrite /n natr_absz ger0_norm.
  have n1 : (K + n).+1%:R <= X x.
    by have := floor_le (X x - K.+1%:R); rewrite -nE ler_subr_addl -natrD addSn.
  have n2 : X x < (K + n).+2%:R.
    have := lt_succ_floor (X x - K.+1%:R).
    by rewrite -nE ltr_subl_addl -[in X in _ + (_ + X)](mulr1n 1) -!natrD addn1 addSn addnS.
  apply: (@le_trans _ _ (h n x)).
    rewrite /h indicE mem_set; last by rewrite /above /=; apply: lt_le_trans n1; rewrite ltr_nat.
    by rewrite mule1 lee_fin ler_expR ler_pmul2l// ltW.
  apply: (@le_trans _ _ (\sum_(n <oo) h n x)%E); last by rewrite lee_addr// lee_fin ltW// expR_gt0.
  apply: le_trans (nneseries_lim_ge n.+1 _) => //.
  by rewrite big_nat_recr//= lee_addr// sume_ge0.
pose r := expR (- a).
have r01 : 0 <= r < 1 by rewrite ltW ?expR_gt0//= expR_lt1 ltr_oppl oppr0.
pose C := expR (a * 2 - a * K%:R).
have C0 : 0 < C by exact: expR_gt0.
have hn n : (\int[Q]_x h n x <= (C * r ^+ n)%:E)%E.
  rewrite /h ge0_integralM//; last 3 first.
  - by apply/EFin_measurable_fun; exact: measurable_fun_indic.
  - by move=> x _; rewrite lee_fin indicE ler0n.
  - by rewrite lee_fin ltW// expR_gt0.
  rewrite integral_indic// setIT -tailE// -EFinM lee_fin.
  apply: (@le_trans _ _ (expR (a * (K + n).+2%:R) * expR (- (b * (K + n)%:R)))).
    rewrite ler_pmul2l ?expR_gt0//; apply: ub.
    by apply: (lt_le_trans NK); rewrite ler_nat leq_addr.
  rewrite -expRD /C /r -expRMm -expRD ler_expR ab.
  rewrite -addn2 !natrD le_eqVlt; apply/orP; left; apply/eqP; ring.
have tot : (\sum_(n <oo) \int[Q]_x h n x <= (C * (1 - r)^-1)%:E)%E.
  apply: lime_le; first by apply: is_cvg_nneseries => n _; exact: integral_ge0.
  apply: nearW => n; apply: (@le_trans _ _ (\sum_(0 <= i < n) (C * r ^+ i)%:E)%E).
    by apply: lee_sum => i _; exact: hn.
  by rewrite sumEFin lee_fin -mulr_sumr ler_pmul2l// geometric_sum.
suff : (+oo <= (expR (a * K.+1%:R) + C * (1 - r)^-1)%:E :> \bar R)%E by [].
rewrite -(heavy _ a0).
apply: (@le_trans _ _ (\int[Q]_x ((expR (a * K.+1%:R))%:E + \sum_(n <oo) h n x))%E).
  apply: ge0_le_integral => //.
  - by move=> x _; rewrite lee_fin ltW// expR_gt0.
  - move=> x _; apply: adde_ge0; last exact: nneseries_ge0.
    by rewrite lee_fin ltW// expR_gt0.
  - apply: emeasurable_funD; first exact: measurable_fun_cst.
    by apply: ge0_emeasurable_fun_sum.
rewrite ge0_integralD//; last 4 first.
- by move=> x _; rewrite lee_fin ltW// expR_gt0.
- exact: measurable_fun_cst.
- by move=> x _; exact: nneseries_ge0.
- exact: ge0_emeasurable_fun_sum.
rewrite integral_cst// integral_nneseries// EFinD; apply: lee_add => //.
by rewrite -[leLHS]/(_ * _)%E (Q1 : Q setT = _) mule1.
Qed.

(* exp(l t) Q(X > t) <= E exp(l X) *)
Lemma chernoff l t : 0 < l -> ((expR (l * t) * tail Q X t)%:E <= mgf Q X l)%E.
Proof.
move=> l0; have mexp : measurable_fun setT (fun x => (expR (l * X x))%:E).
  by apply/EFin_measurable_fun; exact: measurable_expM.
apply: (@le_trans _ _ (\int[Q]_(x in above X t) (expR (l * X x))%:E)%E); last first.
  by apply: subset_integral => // x _; rewrite lee_fin ltW// expR_gt0.
rewrite EFinM tailE// -integral_cst//; apply: ge0_le_integral => //.
- by move=> x _; rewrite lee_fin ltW// expR_gt0.
- exact: measurable_fun_cst.
- by move=> x _; rewrite lee_fin ltW// expR_gt0.
- exact: measurable_funTS.
- by move=> x tx; rewrite lee_fin ler_expR ler_pmul2l// ltW.
Qed.

End tails.

(* ---------------------------------------------------------------- the theorem *)

Theorem theorem1 : statements.theorem1.
Proof.
move=> d T R Q X [Q1 mX iX heavy] M eps eps0.
pose mu := Ex Q X.
pose c := `|M| + `|mu| + 3.
have c3 : 3 <= c by rewrite /c ler_addr addr_ge0.
have c0 : 0 < c by apply: lt_le_trans c3; rewrite ltr0n.
pose e := minr eps 1.
have e0 : 0 < e by rewrite /e lt_minr eps0 ltr01.
have [t [[Nt t0 p01 q01] [klt tq]]] :=
  cheap_threshold (fun e => @mean_tail_vanishes _ _ _ _ _ Q1 mX e iX)
    (fun b N => heavy_somewhere Q1 mX N heavy) (maxr `|mu| (`|mu| * c)) c0 e0.
move: Nt; rewrite lt_maxl => /andP[mut muct].
set q := tail Q X t in q01 klt tq; set p := c / t in p01 klt.
have [/andP[p0 p1] /andP[q0 q1]] := (p01, q01).
have p01' : 0 <= p <= 1 by rewrite !ltW.
have tq1 : t * q < 1 by apply: lt_le_trans tq _; rewrite /e le_minl lexx orbT.
have pq : q < p.
  rewrite /p ltr_pdivl_mulr// mulrC (lt_trans tq1)// (lt_le_trans _ c3)//.
  by rewrite ltr1n.
have [fP raised] := threshold_mean Q1 mX p01' q01 iX (ltW t0) (ltW pq).
exists (threshold_law mX p01' q01), (threshold Q X t p); split=> //.
- exact: threshold_is_law.
- exact: threshold_density.
- rewrite (ExE fP) lte_fin; apply: lt_le_trans raised; rewrite -/mu -/q.
  have tmu : 0 <= t - mu by rewrite subr_ge0 (le_trans (ler_norm mu))// ltW.
  apply: (@lt_le_trans _ _ (mu + (p - q) * (t - mu))); last first.
    rewrite ler_add2l ler_pdivl_mulr ?subr_gt0// ler_pimulr//.
      by rewrite mulr_ge0// subr_ge0 ltW.
    by rewrite ler_subl_addr ler_addl ltW.
  have -> : mu + (p - q) * (t - mu) = mu + (c - t * q) - mu * (p - q).
    by rewrite /p; field; rewrite gt_eqF.
  have h1 : mu * (p - q) <= 1.
    apply: (@le_trans _ _ (`|mu| * p)).
      apply: (@le_trans _ _ (`|mu| * (p - q))).
        by rewrite ler_pmul2r ?subr_gt0// ler_norm.
      by rewrite ler_wpmul2l// ler_subl_addr ler_addl ltW.
    by rewrite /p mulrA ler_pdivr_mulr// mul1r ltW.
  rewrite ltr_subr_addr; apply: (@le_lt_trans _ _ (M + 1)).
    by rewrite ler_add2l.
  rewrite addrA ltr_subr_addr -addrA; apply: (@lt_le_trans _ _ (M + 3)).
    rewrite ltr_add2l (@lt_le_trans _ _ (1 + 1))//; first by rewrite ltr_add2l.
    by rewrite -(natrD _ 1 1) ler_nat.
  have -> : mu + c = (mu + `|mu|) + (`|M| + 3) by rewrite /c; ring.
  apply: ler_paddl; last by rewrite ler_add2r ler_norm.
  by rewrite addrC -ler_subl_addr sub0r -normrN ler_norm.
- rewrite threshold_KL// lte_fin; apply: lt_le_trans klt _.
  by rewrite /e le_minl lexx.
Qed.

Theorem printed_heavy : statements.printed_heavy.
Proof.
move=> d T R Q X Q1 mX printed l l0; apply/eqyP => M M0.
have [N NP] := printed l l0 M.
apply: le_trans (chernoff Q1 mX N l0); rewrite lee_fin; exact: NP.
Qed.

(* ---------------------------------------------------------------- the witness *)

Section witness.
Variable R : realType.

Definition powers n : R := (3 / 2) ^+ n.
Let Q := discrete (@halves R) powers.

Lemma powers_ge0 n : 0 <= powers n.
Proof. by rewrite exprn_ge0// divr_ge0 ?ler0n. Qed.

Lemma powers_finite_mean : finite_mean Q id.
Proof.
apply: discrete_finite_mean => [n|]; first exact: powers_ge0.
rewrite (eq_eseries (g := fun n => (1 / 2 * (3 / 4) ^+ n)%:E)).
  rewrite discrete.geometric_sum ?ltry//.
  by rewrite ger0_norm ?divr_ge0 ?ler0n// ltr_pdivr_mulr ?ltr0n// mul1r ltr_nat.
move=> n _; congr EFin; rewrite /powers/=.
have -> : (3 / 4 : R) ^+ n = (1 / 2) ^+ n * (3 / 2) ^+ n.
  by rewrite -exprMn; congr (_ ^+ _); field; rewrite ?pnatr_eq0.
by rewrite exprS mulrA.
Qed.

(* The terms of E exp(l X) grow: exp(x) >= (x/2)^2. *)
Lemma powers_heavy : right_heavy Q id.
Proof.
move=> a a0; rewrite discrete_mgf.
pose b := a ^+ 2 / 8.
have b0 : 0 < b by rewrite divr_gt0 ?exprn_gt0// ltr0n.
have term n : b <= (halves R n)%:num * expR (a * powers n).
  have y0 : 0 <= a * powers n by rewrite mulr_ge0 ?powers_ge0// ltW.
  have y20 : 0 <= a * powers n / 2 by rewrite divr_ge0.
  have h : (a * powers n / 2) ^+ 2 <= expR (a * powers n).
    rewrite [X in expR X](_ : _ = 2%:R * (a * powers n / 2)); last by field.
    rewrite expRMm; apply: ler_expn2r; rewrite ?nnegrE ?(ltW (expR_gt0 _))//.
    by apply: le_trans (expR_ge1D _); rewrite ler_addr.
  apply: (@le_trans _ _ ((1 / 2) ^+ n.+1 * (a * powers n / 2) ^+ 2)); last first.
    by rewrite ler_wpmul2l// exprn_ge0.
  have -> : (1 / 2) ^+ n.+1 * (a * powers n / 2) ^+ 2 = b * (9 / 8) ^+ n.
    have -> : (9 / 8 : R) ^+ n = (1 / 2) ^+ n * (powers n * powers n).
      by rewrite /powers -!exprMn; congr (_ ^+ _); field.
    rewrite exprS /b; set u := (1 / 2) ^+ n; set v := powers n; by field.
  by rewrite ler_pmulr// exprn_ege1// ler_pdivl_mulr ?ltr0n// mul1r ler_nat.
apply/eqyP => A A0; pose n := Num.bound (A / b).
apply: le_trans (nneseries_lim_ge n _); last first.
  by move=> i _; rewrite lee_fin (le_trans (ltW b0)).
apply: (@le_trans _ _ (\sum_(0 <= i < n) b%:E)%E); last first.
  by apply: lee_sum => i _; rewrite lee_fin.
rewrite sumEFin lee_fin big_const_nat subn0 iter_addr addr0 -mulr_natl.
by rewrite -ler_pdivr_mulr// ltW// archi_boundP// divr_ge0// ltW.
Qed.

End witness.

Theorem theorem1_witness : statements.theorem1_witness.
Proof.
move=> R; exists (discrete (@halves R) (@powers R)); split.
- exact: discrete_law (halves_sum R).
- exact: measurable_fun_id.
- exact: powers_finite_mean.
- exact: powers_heavy.
Qed.
