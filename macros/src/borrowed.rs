//! Arguments that borrow.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::visit_mut::{self, VisitMut};
use syn::{
    FnArg, Lifetime, ParenthesizedGenericArguments, Signature, TraitBound, TypeBareFn,
    TypeImplTrait, TypeParamBound, TypeReference,
};

/// The part of a signature that makes an argument borrow.
pub(crate) enum Borrow {
    Reference(TokenStream),
    Lifetime(Lifetime),
}

/// Finds the first borrow in the arguments of a function. A borrow that is `'static` does not count.
pub(crate) fn first(sig: &Signature) -> Option<Borrow> {
    let mut finder = Finder(None);
    for argument in &sig.inputs {
        match argument {
            FnArg::Receiver(receiver) if receiver.reference.is_some() => {
                finder.found(|| Borrow::Reference(receiver.to_token_stream()));
            }
            FnArg::Receiver(receiver) => finder.visit_type_mut(&mut receiver.ty.clone()),
            FnArg::Typed(argument) => finder.visit_type_mut(&mut argument.ty.clone()),
        }
    }
    finder.0
}

struct Finder(Option<Borrow>);

impl Finder {
    fn found(&mut self, borrow: impl FnOnce() -> Borrow) {
        self.0.get_or_insert_with(borrow);
    }
}

impl VisitMut for Finder {
    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        let is_static = |lifetime: &Lifetime| lifetime.ident == "static";
        if !reference.lifetime.as_ref().is_some_and(is_static) {
            self.found(|| Borrow::Reference(reference.to_token_stream()));
        }
        visit_mut::visit_type_reference_mut(self, reference);
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if lifetime.ident != "static" {
            self.found(|| Borrow::Lifetime(lifetime.clone()));
        }
    }

    /// Checks only the lifetimes of an `impl Trait`: the arguments of a trait may borrow even if the type that
    /// implements it does not.
    fn visit_type_impl_trait_mut(&mut self, argument: &mut TypeImplTrait) {
        for bound in &mut argument.bounds {
            if let TypeParamBound::Lifetime(lifetime) = bound {
                self.visit_lifetime_mut(lifetime);
            }
        }
    }

    // The caller may choose the lifetimes in these anew for each call.
    fn visit_trait_bound_mut(&mut self, bound: &mut TraitBound) {
        if bound.lifetimes.is_none() {
            visit_mut::visit_trait_bound_mut(self, bound);
        }
    }

    fn visit_type_bare_fn_mut(&mut self, _: &mut TypeBareFn) {}

    fn visit_parenthesized_generic_arguments_mut(&mut self, _: &mut ParenthesizedGenericArguments) {
    }
}
