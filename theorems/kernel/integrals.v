(* Integrals with respect to a law: linearity in short, splitting, change of measure. *)
From goodhart Require Import library definitions.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Lemma measurable_expM d (T : measurableType d) (R : realType) (X : T -> R) (l : R) :
  measurable_fun setT X -> measurable_fun setT (fun x => expR (l * X x)).
Proof.
move=> mX; apply: (@measurable_fun_comp _ _ _ _ _ _ (fun y => expR (l * y))) => //.
apply: continuous_measurable_fun => y.
apply: (@continuous_comp _ _ _ ( *%R l) expR); last exact: continuous_expR.
exact: mulrl_continuous.
Qed.

Lemma measurable_if d (T : measurableType d) (R : realType) (A : set T) (a b : R) :
  measurable A -> measurable_fun setT (fun x => if x \in A then a else b).
Proof.
move=> mA; rewrite (_ : (fun _ => _) = (fun x => b + (a - b) * \1_A x)).
  apply: measurable_funD; first exact: measurable_fun_cst.
  by apply: measurable_funrM; exact: measurable_fun_indic.
apply/funext => x; rewrite indicE.
by case: (_ \in _); rewrite ?mulr1 ?mulr0 ?addr0// addrC subrK.
Qed.

(* ---------------------------------------------------------------- real-valued expectation *)

Section expectation.
Context d (T : measurableType d) (R : realType).
Variable Q : {measure set T -> \bar R}.
Implicit Types f h : T -> R.

Definition Ex f : R := fine (mean Q f).

Lemma ExE f : finite_mean Q f -> mean Q f = (Ex f)%:E.
Proof. by move=> fi; rewrite /Ex fineK//; exact: (integral_fune_fin_num measurableT fi). Qed.

Lemma finite_mean_measurable f : finite_mean Q f -> measurable_fun setT f.
Proof. by case=> /EFin_measurable_fun. Qed.

Lemma finite_meanD f h : finite_mean Q f -> finite_mean Q h -> finite_mean Q (fun x => f x + h x).
Proof. by move=> fi hi; exact: (integrableD measurableT fi hi). Qed.

Lemma ExD f h : finite_mean Q f -> finite_mean Q h -> Ex (fun x => f x + h x) = Ex f + Ex h.
Proof.
move=> fi hi; apply: EFin_inj; rewrite EFinD -!ExE//; last exact: finite_meanD.
exact: (integralD_EFin measurableT fi hi).
Qed.

Lemma finite_meanZ k f : finite_mean Q f -> finite_mean Q (fun x => k * f x).
Proof. by move=> fi; exact: (integrablerM measurableT k fi). Qed.

Lemma ExZ k f : finite_mean Q f -> Ex (fun x => k * f x) = k * Ex f.
Proof.
move=> fi; apply: EFin_inj; rewrite EFinM -!ExE//; last exact: finite_meanZ.
exact: (integralM measurableT fi k).
Qed.

Lemma Ex_ge0 f : (forall x, 0 <= f x) -> 0 <= Ex f.
Proof. by move=> f0; rewrite fine_ge0// integral_ge0// => x _; rewrite lee_fin. Qed.

Lemma Ex_le f h : finite_mean Q f -> finite_mean Q h -> (forall x, f x <= h x) -> Ex f <= Ex h.
Proof.
move=> fi hi fh; rewrite -subr_ge0.
have -> : Ex h - Ex f = Ex (fun x => h x + (-1) * f x).
  by rewrite ExD ?ExZ ?mulN1r//; exact: finite_meanZ.
by apply: Ex_ge0 => x; rewrite mulN1r subr_ge0.
Qed.

Lemma finite_mean_norm f : finite_mean Q f -> finite_mean Q (fun x => `|f x|).
Proof.
move=> [/EFin_measurable_fun mf f1]; split; last by under eq_integral do rewrite /= normr_id.
by apply/EFin_measurable_fun; apply: measurable_fun_comp => //; exact: measurable_fun_normr.
Qed.

(* Also where a mean is infinite. *)
Lemma mean_le f h : measurable_fun setT f -> measurable_fun setT h -> (forall x, f x <= h x) ->
  (mean Q f <= mean Q h)%E.
Proof.
move=> /EFin_measurable_fun mf /EFin_measurable_fun mh fh.
rewrite /mean integralE [leRHS]integralE; apply: lee_add; last rewrite lee_oppl oppeK.
  apply: ge0_le_integral => //; [exact: emeasurable_fun_funepos|exact: emeasurable_fun_funepos|].
  by move=> x _; rewrite /funepos !maxEFin lee_fin le_maxl le_maxr fh/= le_maxr lexx orbT.
apply: ge0_le_integral => //; [exact: emeasurable_fun_funeneg|exact: emeasurable_fun_funeneg|].
move=> x _; rewrite /funeneg -!EFinN !maxEFin lee_fin le_maxl le_maxr ler_opp2 fh/=.
by rewrite le_maxr lexx orbT.
Qed.

(* A function whose size is at most another's, which has a finite mean. *)
Lemma finite_mean_le f h : measurable_fun setT f -> (forall x, `|f x| <= h x) ->
  finite_mean Q h -> finite_mean Q f.
Proof.
move=> mf fh; apply: le_integrable => //; first exact/EFin_measurable_fun.
by move=> x _; rewrite lee_fin; apply: le_trans (fh x) (ler_norm _).
Qed.

(* A non-negative function with a mean below infinity. *)
Lemma finite_mean_ge0 f : measurable_fun setT f -> (forall x, 0 <= f x) ->
  (mean Q f < +oo)%E -> finite_mean Q f.
Proof.
move=> mf f0 foo; split; first exact/EFin_measurable_fun.
by under eq_integral do rewrite /= ger0_norm//.
Qed.

Hypothesis Q1 : law Q.

Lemma finite_mean_cst (c : R) : finite_mean Q (fun=> c).
Proof.
split; first by apply/EFin_measurable_fun; exact: measurable_fun_cst.
rewrite (_ : (fun _ => _) = cst `|c%:E|%E)//.
by rewrite integral_cst// Q1 mule1 ltry.
Qed.

Lemma Ex_cst (c : R) : Ex (fun=> c) = c.
Proof.
apply: EFin_inj; rewrite -ExE; last exact: finite_mean_cst.
by rewrite -[LHS]/(\int[Q]_x (cst c%:E x))%E integral_cst// Q1 mule1.
Qed.

Lemma law_le1 A : measurable A -> (Q A <= 1)%E.
Proof. by move=> mA; rewrite -Q1; apply: le_measure; rewrite ?inE//. Qed.

Lemma law_fin A : measurable A -> Q A \is a fin_num.
Proof.
move=> mA; rewrite ge0_fin_numE ?measure_ge0//.
by rewrite (le_lt_trans (law_le1 mA))// ltry.
Qed.

Lemma law_setC A : measurable A -> Q (~` A) = (1 - fine (Q A))%:E.
Proof.
move=> mA; have mAc := measurableC mA.
have : (Q (A `|` ~` A) = Q A + Q (~` A))%E by apply: measureU => //; rewrite setICr.
rewrite setUv (Q1 : Q setT = _) -{1}(fineK (law_fin mA)) -{1 2}(fineK (law_fin mAc)).
rewrite -EFinD => -[->].
by rewrite addrC addKr fineK// law_fin.
Qed.

End expectation.

(* ---------------------------------------------------------------- tails *)

Section tails.
Context d (T : measurableType d) (R : realType).
Variables (Q : {measure set T -> \bar R}) (X : T -> R).
Hypotheses (Q1 : law Q) (mX : measurable_fun setT X).

Lemma aboveE t : above X t = X @^-1` `]t, +oo[%classic.
Proof. by apply/seteqP; split => x; rewrite /above/= in_itv/= andbT. Qed.

Lemma at_leastE t : at_least X t = X @^-1` `[t, +oo[%classic.
Proof. by apply/seteqP; split => x; rewrite /at_least/= in_itv/= andbT. Qed.

Lemma measurable_above t : measurable (above X t).
Proof. by rewrite aboveE -[_ @^-1` _]setTI; apply: mX => //; exact: measurable_itv. Qed.

Lemma measurable_at_least t : measurable (at_least X t).
Proof. by rewrite at_leastE -[_ @^-1` _]setTI; apply: mX => //; exact: measurable_itv. Qed.

Lemma tailE t : ((tail Q X t)%:E = Q (above X t))%E.
Proof. by rewrite fineK// law_fin//; exact: measurable_above. Qed.

Lemma above_subset s t : s <= t -> above X t `<=` above X s.
Proof. by move=> st x /=; exact: le_lt_trans. Qed.

Lemma unbounded_tail t : unbounded Q X -> 0 < tail Q X t.
Proof. by move=> /(_ t); rewrite -tailE lte_fin. Qed.

End tails.

(* ---------------------------------------------------------------- splitting *)

Lemma integral_split d (T : measurableType d) (R : realType) (Q : {measure set T -> \bar R})
    (A : set T) (f : T -> \bar R) : measurable A -> Q.-integrable setT f ->
  (\int[Q]_x f x = \int[Q]_(x in A) f x + \int[Q]_(x in ~` A) f x)%E.
Proof.
move=> mA [mf fi]; have mAc := measurableC mA.
have ind S : measurable S -> Q.-integrable setT (fun x => f x * (\1_S x)%:E)%E.
  move=> mS; apply: (@le_integrable _ _ _ _ _ measurableT _ f) => //.
  - by apply: emeasurable_funM => //; apply/EFin_measurable_fun; exact: measurable_fun_indic.
  - move=> x _; rewrite indicE; case: (_ \in _); rewrite ?mule1// mule0 abse0.
    exact: abse_ge0.
have E S : measurable S -> (\int[Q]_(x in S) f x = \int[Q]_x (f x * (\1_S x)%:E))%E.
  by move=> mS; rewrite -integral_setI_indic// setTI.
rewrite (E A)// (E (~` A))// -integralD//; [|exact: ind|exact: ind].
apply: eq_integral => x _; rewrite !indicE in_setC.
by case: (_ \in A); rewrite /= mule1 mule0 ?adde0 ?add0e.
Qed.

(* The integral of a function with two values. *)
Lemma integral_if d (T : measurableType d) (R : realType) (Q : {measure set T -> \bar R})
    (A : set T) (a b : R) : law Q -> measurable A ->
  let f x := if x \in A then a else b in
  finite_mean Q f /\ mean Q f = (a * fine (Q A) + b * (1 - fine (Q A)))%:E.
Proof.
move=> Q1 mA f; have mf : measurable_fun setT f by exact: measurable_if.
have fi : finite_mean Q f.
  apply: finite_mean_le mf _ (finite_mean_cst Q1 (`|a| + `|b|)) => x.
  by rewrite /f; case: ifP => _; rewrite ?ler_addl ?ler_addr.
split=> //; rewrite /mean (integral_split mA fi).
have mAc := measurableC mA.
have -> : (\int[Q]_(x in A) (EFin \o f) x = (a * fine (Q A))%:E)%E.
  rewrite EFinM fineK ?law_fin// -integral_cst//; apply: eq_integral => x xA.
  by rewrite /f/= xA.
have -> : (\int[Q]_(x in ~` A) (EFin \o f) x = (b * (1 - fine (Q A)))%:E)%E.
  rewrite EFinM -law_setC// -integral_cst//; apply: eq_integral => x.
  by rewrite in_setC => /negbTE xA; rewrite /f/= xA.
by [].
Qed.

(* ---------------------------------------------------------------- change of measure *)

Section change_of_measure.
Context d (T : measurableType d) (R : realType).
Variables (P Q : {measure set T -> \bar R}) (g : T -> R).
Hypothesis gP : density P Q g.
Local Open Scope ereal_scope.

Let mg : measurable_fun setT (EFin \o g). Proof. by have [/EFin_measurable_fun] := gP. Qed.
Let g0 x : 0 <= (g x)%:E. Proof. by have [_ h _] := gP; rewrite lee_fin. Qed.

Let change_indic (E : set T) : measurable E ->
  \int[P]_x (\1_E x)%:E = \int[Q]_x ((\1_E x)%:E * (g x)%:E).
Proof.
move=> mE; rewrite integral_indic// setIT; have [_ _ ->//] := gP.
rewrite -[in LHS](setTI E) integral_setI_indic//.
by apply: eq_integral => x _; rewrite muleC.
Qed.

Let change_nnsfun (h : {nnsfun T >-> R}) :
  \int[P]_x (h x)%:E = \int[Q]_x ((h x)%:E * (g x)%:E).
Proof.
have mterm (r : R) : measurable_fun setT (fun x => (r * \1_(h @^-1` [set r]) x)%:E).
  exact/EFin_measurable_fun/measurable_funrM/measurable_fun_indic.
transitivity (\sum_(r \in range h) (\int[P]_x (r * \1_(h @^-1` [set r]) x)%:E)).
  rewrite -ge0_integral_fsum//; last first.
    by move=> n x _; rewrite EFinM nnfun_muleindic_ge0.
  by apply: eq_integral => x _; rewrite [in LHS]fimfunE -fsumEFin.
transitivity (\sum_(r \in range h) (\int[Q]_x ((r * \1_(h @^-1` [set r]) x)%:E * (g x)%:E))).
  apply: eq_fsbigr => r _; rewrite integralM_indic_nnsfun// change_indic//.
  have [r0|r0] := ltP r 0%R.
    rewrite preimage_nnfun0//; under eq_integral do rewrite indicE in_set0 mul0e.
    rewrite integral0 mule0; under eq_integral do rewrite indicE in_set0 mulr0 mul0e.
    by rewrite integral0.
  rewrite -ge0_integralM//.
  - by apply: eq_integral => x _; rewrite muleA EFinM.
  - by apply: emeasurable_funM => //; exact/EFin_measurable_fun/measurable_fun_indic.
  - by move=> x _; rewrite mule_ge0// lee_fin indicE ler0n.
rewrite -ge0_integral_fsum//; last 2 first.
- by move=> r; exact: emeasurable_funM.
- by move=> r x _; rewrite mule_ge0// EFinM nnfun_muleindic_ge0.
apply: eq_integral => x _; rewrite -ge0_mule_fsuml; last first.
  by move=> r; rewrite EFinM nnfun_muleindic_ge0.
by rewrite fsumEFin// -fimfunE.
Qed.

Lemma change_of_measure (f : T -> \bar R) : measurable_fun setT f -> (forall x, 0 <= f x) ->
  \int[P]_x f x = \int[Q]_x (f x * (g x)%:E).
Proof.
move=> mf f0; have [h [ndh hf]] := approximation measurableT mf (fun x _ => f0 x).
have mh n : measurable_fun setT (EFin \o h n) by exact/EFin_measurable_fun.
transitivity (lim (fun n => \int[P]_x (h n x)%:E)).
  rewrite -monotone_convergence//=.
  - by apply: eq_integral => x _; apply/esym/cvg_lim => //; exact: hf.
  - by move=> n x _; rewrite lee_fin.
  - by move=> x _ m n /ndh /lefP; rewrite lee_fin.
under eq_fun do rewrite change_nnsfun.
rewrite -monotone_convergence//=.
- apply: eq_integral => x _; apply/cvg_lim => //.
  by apply: cvgeMr => //; exact: hf.
- by move=> n; apply: emeasurable_funM => //; exact: mh.
- by move=> n x _; rewrite mule_ge0// lee_fin.
- by move=> x _ m n /ndh /lefP hmn; rewrite lee_wpmul2r// lee_fin.
Qed.

(* E_P X = E_Q[X g] *)
Lemma mean_density (X : T -> R) : measurable_fun setT X ->
  mean P X = mean Q (fun x => X x * g x)%R.
Proof.
move=> /EFin_measurable_fun mX; rewrite /mean integralE [RHS]integralE.
rewrite !change_of_measure//; last 2 first.
- exact: emeasurable_fun_funeneg.
- exact: emeasurable_fun_funepos.
have g0' x : (0 <= g x)%R by rewrite -lee_fin.
congr (_ - _); apply: eq_integral => x _; rewrite /funepos/funeneg/= -?EFinN !maxEFin -EFinM.
  by rewrite maxr_pmull// mul0r.
by rewrite maxr_pmull// mul0r mulNr.
Qed.

End change_of_measure.
