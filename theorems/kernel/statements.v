(* What is proved. Each statement is proved under the same name in the file named beside it. *)
From goodhart Require Import library definitions.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

(* ---------------------------------------------------------------- divergence.v *)

(* KL(P || Q) >= 0. *)
Definition divergence_nonnegative : Prop :=
  forall d (T : measurableType d) (R : realType) (Q P : {measure set T -> \bar R}) (g : T -> R),
  law Q -> law P -> density P Q g -> (0 <= KL Q g)%E.

(* KL(P || Q) below infinity is a genuine integral, not an artefact of oo - oo. *)
Definition divergence_genuine : Prop :=
  forall d (T : measurableType d) (R : realType) (Q P : {measure set T -> \bar R}) (g : T -> R),
  law Q -> density P Q g -> (KL Q g < +oo)%E ->
  Q.-integrable setT (fun x => (g x * ln (g x))%:E).

(* The threshold reweighting is a law, gives X > t the mass p, and costs exactly kl(p, q). *)
Definition threshold_divergence : Prop :=
  forall d (T : measurableType d) (R : realType) (Q : {measure set T -> \bar R}) (X : T -> R),
  law Q -> measurable_fun setT X ->
  forall t p, 0 <= p <= 1 -> 0 < tail Q X t < 1 ->
  exists P : {measure set T -> \bar R},
    [/\ law P, density P Q (threshold Q X t p), P (above X t) = p%:E
      & KL Q (threshold Q X t p) = (kl p (tail Q X t))%:E].

(* ---------------------------------------------------------------- t1_heavy_tails.v *)

Definition theorem1_hypotheses d (T : measurableType d) (R : realType)
    (Q : {measure set T -> \bar R}) (X : T -> R) :=
  [/\ law Q, measurable_fun setT X, finite_mean Q X & right_heavy Q X].

(* Theorem 1. *)
Definition theorem1 : Prop :=
  forall d (T : measurableType d) (R : realType) (Q : {measure set T -> \bar R}) (X : T -> R),
  theorem1_hypotheses Q X ->
  forall M eps : R, 0 < eps ->
  exists (P : {measure set T -> \bar R}) (g : T -> R),
    [/\ law P, density P Q g, finite_mean P X, (M%:E < mean P X)%E & (KL Q g < eps%:E)%E].

(* A law that theorem 1 speaks of: (3/2)^n with probability 1/2^(n+1). *)
Definition theorem1_witness : Prop :=
  forall R : realType, exists Q : {measure set R -> \bar R}, theorem1_hypotheses Q id.

(* What the paper calls heavy-tailed is right-heavy. *)
Definition printed_heavy : Prop :=
  forall d (T : measurableType d) (R : realType) (Q : {measure set T -> \bar R}) (X : T -> R),
  law Q -> measurable_fun setT X ->
  (forall l, 0 < l -> forall M, exists N, forall t, N <= t -> M <= expR (l * t) * tail Q X t) ->
  right_heavy Q X.

(* ---------------------------------------------------------------- t2_light_tails.v *)

(* The Donsker-Varadhan bound: E_P X <= (KL(P || Q) + log E_Q exp(l X)) / l. E_P max(X, 0) is
   finite, so that E_P X is no oo - oo. *)
Definition donsker_varadhan : Prop :=
  forall d (T : measurableType d) (R : realType) (Q : {measure set T -> \bar R}) (X : T -> R),
  law Q -> measurable_fun setT X ->
  forall l, 0 < l -> (mgf Q X l < +oo)%E ->
  forall (P : {measure set T -> \bar R}) (g : T -> R),
  law P -> density P Q g -> (KL Q g < +oo)%E ->
  (mean P (fun x => maxr (X x) 0)%R < +oo)%E /\
  (mean P X <= ((fine (KL Q g) + ln (fine (mgf Q X l))) / l)%:E)%E.

Definition theorem2_hypotheses d (T : measurableType d) (R : realType)
    (Q : {measure set T -> \bar R}) (X : T -> R) :=
  [/\ law Q, measurable_fun setT X & right_light Q X].

(* Theorem 2, the upper side. The means at a divergence of at most D are bounded; and for every M
   above E_Q X, which may be -oo, they are at most M once D is small. *)
Definition theorem2 : Prop :=
  forall d (T : measurableType d) (R : realType) (Q : {measure set T -> \bar R}) (X : T -> R),
  theorem2_hypotheses Q X ->
  (forall D : R, exists M : R,
    forall (P : {measure set T -> \bar R}) (g : T -> R),
    law P -> density P Q g -> (KL Q g <= D%:E)%E -> (mean P X <= M%:E)%E) /\
  (forall M : R, (mean Q X < M%:E)%E -> exists2 D : R, 0 < D &
    forall (P : {measure set T -> \bar R}) (g : T -> R),
    law P -> density P Q g -> (KL Q g <= D%:E)%E -> (mean P X <= M%:E)%E).

(* A law that theorem 2 speaks of, unbounded, with laws P of a higher mean at any divergence: n with
   probability 1/2^(n+1). *)
Definition theorem2_witness : Prop :=
  forall R : realType, exists Q : {measure set R -> \bar R},
  [/\ theorem2_hypotheses Q id, finite_mean Q id, unbounded Q id &
      forall delta : R, 0 < delta -> exists (P : {measure set R -> \bar R}) (g : R -> R),
      [/\ law P, density P Q g, (KL Q g <= delta%:E)%E & (mean Q id < mean P id)%E]].

(* ---------------------------------------------------------------- t6_light_conditioning.v *)

Definition theorem6_hypotheses d (T : measurableType d) (R : realType)
    (Q : {measure set T -> \bar R}) (X V : T -> R) :=
  [/\ law Q, measurable_fun setT X, measurable_fun setT V, independent Q X V &
      [/\ superexponential Q X, finite_mean Q V & unbounded Q V]].

(* Theorem 6: E[V | X + V >= t] -> oo, and so does E[V | X + V > t]. *)
Definition theorem6 : Prop :=
  forall d (T : measurableType d) (R : realType) (Q : {measure set T -> \bar R}) (X V : T -> R),
  theorem6_hypotheses Q X V ->
  forall M, exists N, forall t, N <= t ->
    conditional_mean_above Q V (at_least (X \+ V) t) M /\
    conditional_mean_above Q V (above (X \+ V) t) M.

(* A law that theorem 6 speaks of: X is Poisson(1), V is n with probability 1/2^(n+1), and they are
   independent. *)
Definition theorem6_witness : Prop :=
  forall R : realType, exists Q : {measure set (R * R)%type -> \bar R},
  theorem6_hypotheses Q fst snd.
