//! The lifetimes of boxed futures.

use proc_macro2::Span;
use syn::visit_mut::{
    VisitMut, visit_type_impl_trait_mut, visit_type_ptr_mut, visit_type_reference_mut,
};
use syn::{
    FnArg, GenericArgument, GenericParam, Lifetime, LifetimeParam, ParenthesizedGenericArguments,
    Receiver, Signature, Type, TypeBareFn, TypeImplTrait, TypeParamBound, TypePtr, TypeReference,
    WherePredicate, parse_quote, parse_quote_spanned,
};

use crate::context::{Context, Kind};

/// Returns the name of the lifetime of a boxed future.
pub(crate) fn future(span: Span) -> Lifetime {
    Lifetime::new("'smartasync", span)
}

/// Bounds a boxed future by everything that it may contain, as an `async fn` does implicitly.
///
/// Input:
///
/// ```text
/// async fn get<T>(&self, key: &str, default: T) -> T;
/// ```
///
/// Output:
///
/// ```text
/// fn get<'smartasync, 'arg0, 'arg1, T>(&'arg0 self, key: &'arg1 str, default: T) -> ..
/// where
///     Self: 'smartasync, 'arg0: 'smartasync, 'arg1: 'smartasync, T: 'smartasync;
/// ```
///
/// Only the lifetimes of the arguments need names: an elided lifetime in the output keeps its meaning.
///
/// A future that contains nothing but one borrow has the lifetime of that, without a bound: then the function can be
/// passed as an `impl AsyncFn(&str)`, where the lifetime differs from call to call.
///
/// ```text
/// async fn len(text: &str) -> usize;
/// fn len<'smartasync>(text: &'smartasync str) -> ..;
/// ```
pub(crate) fn bound_by_future(sig: &mut Signature, context: &Context) {
    let span = Span::mixed_site().located_at(sig.ident.span());
    let (future, around) = (future(span), &context.held);
    let mut named = name_elided(sig, span);
    if let ([only], true) = (&mut *named, contains_only_lifetimes(sig, context)) {
        rename(sig, only, &future);
        let parameter = GenericParam::Lifetime(LifetimeParam::new(future));
        return sig.generics.params.insert(0, parameter);
    }
    let mut held = around.clone();
    if held.is_empty() && sig.receiver().is_some() {
        held.push(GenericArgument::Type(parse_quote_spanned!(span=> Self)));
    }
    held.extend(named.iter().cloned().map(GenericArgument::Lifetime));
    held.extend(sig.generics.params.iter_mut().filter_map(|own| bound_inline(own, &future)));
    let predicates = &mut sig.generics.make_where_clause().predicates;
    predicates.extend(
        held.iter().map(|held| -> WherePredicate { parse_quote_spanned!(span=> #held: #future) }),
    );
    let lifetimes = std::iter::once(future).chain(named);
    for (index, lifetime) in lifetimes.enumerate() {
        let parameter = GenericParam::Lifetime(LifetimeParam::new(lifetime));
        sig.generics.params.insert(index, parameter);
    }
}

/// Whether a future contains neither a `self` nor a generic parameter. In a trait and its implementations the answers
/// could differ, and must not.
fn contains_only_lifetimes(sig: &Signature, context: &Context) -> bool {
    let in_type = context.kind == Kind::Impl && context.held.len() == 1;
    let by_value = sig.receiver().is_some_and(|receiver| receiver.reference.is_none());
    (in_type || context.kind == Kind::Free && sig.receiver().is_none())
        && !by_value
        && sig.generics.params.is_empty()
        && !sig.inputs.iter().any(has_impl_trait)
}

fn has_impl_trait(argument: &FnArg) -> bool {
    struct Finds(bool);

    impl VisitMut for Finds {
        fn visit_type_impl_trait_mut(&mut self, _: &mut TypeImplTrait) {
            self.0 = true;
        }
    }

    let mut finds = Finds(false);
    finds.visit_fn_arg_mut(&mut argument.clone());
    finds.0
}

fn rename(sig: &mut Signature, from: &Lifetime, to: &Lifetime) {
    struct Renames<'a>(&'a Lifetime, &'a Lifetime);

    impl VisitMut for Renames<'_> {
        fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
            if lifetime == self.0 {
                *lifetime = self.1.clone();
            }
        }
    }

    sig.inputs.iter_mut().for_each(|argument| Renames(from, to).visit_fn_arg_mut(argument));
}

/// Adds `future` to the bounds of a parameter that has bounds already, because lints refuse bounds in two places.
/// Returns a parameter that has none.
fn bound_inline(parameter: &mut GenericParam, future: &Lifetime) -> Option<GenericArgument> {
    match parameter {
        GenericParam::Lifetime(parameter) => {
            Some(GenericArgument::Lifetime(parameter.lifetime.clone()))
        }
        GenericParam::Type(parameter) if !parameter.bounds.is_empty() => {
            parameter.bounds.push(TypeParamBound::Lifetime(future.clone()));
            None
        }
        GenericParam::Type(parameter) => {
            let name = &parameter.ident;
            Some(GenericArgument::Type(parse_quote!(#name)))
        }
        GenericParam::Const(_) => None,
    }
}

/// Gives names to the elided lifetimes of a type, and returns the names.
pub(crate) fn name_elided_in(ty: &mut Type, span: Span) -> Vec<Lifetime> {
    let mut namer = Namer { span, named: Vec::new() };
    namer.visit_type_mut(ty);
    namer.named
}

fn name_elided(sig: &mut Signature, span: Span) -> Vec<Lifetime> {
    let mut namer = Namer { span, named: Vec::new() };
    for argument in &mut sig.inputs {
        match argument {
            FnArg::Receiver(receiver) => namer.visit_receiver_mut(receiver),
            FnArg::Typed(argument) => namer.visit_type_mut(&mut argument.ty),
        }
    }
    namer.named
}

/// Gives names to elided lifetimes.
struct Namer {
    span: Span,
    named: Vec<Lifetime>,
}

impl Namer {
    fn name(&mut self) -> Lifetime {
        let lifetime = Lifetime::new(&format!("'arg{}", self.named.len()), self.span);
        self.named.push(lifetime.clone());
        lifetime
    }
}

impl VisitMut for Namer {
    fn visit_receiver_mut(&mut self, receiver: &mut Receiver) {
        match &mut receiver.reference {
            Some((_, Some(lifetime))) => self.visit_lifetime_mut(lifetime),
            Some((_, elided)) => *elided = Some(self.name()),
            None => self.visit_type_mut(&mut receiver.ty),
        }
    }

    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        if reference.lifetime.is_none() {
            reference.lifetime = Some(self.name());
        }
        visit_type_reference_mut(self, reference);
        parenthesise(&mut reference.elem);
    }

    fn visit_type_ptr_mut(&mut self, pointer: &mut TypePtr) {
        visit_type_ptr_mut(self, pointer);
        parenthesise(&mut pointer.elem);
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if lifetime.ident == "_" {
            *lifetime = self.name();
        }
    }

    fn visit_type_impl_trait_mut(&mut self, argument: &mut TypeImplTrait) {
        visit_type_impl_trait_mut(self, argument);
        argument.bounds.push(TypeParamBound::Lifetime(future(self.span)));
    }

    // The caller chooses an elided lifetime in these anew for each call.
    fn visit_type_bare_fn_mut(&mut self, _: &mut TypeBareFn) {}

    fn visit_parenthesized_generic_arguments_mut(&mut self, _: &mut ParenthesizedGenericArguments) {
    }
}

/// Puts an `impl Trait` that has got a bound in parentheses: behind `&` and `*` its `+` is ambiguous.
fn parenthesise(pointee: &mut Type) {
    match pointee {
        // The compiler does not see the invisible group of a macro's argument in what an attribute returns.
        Type::Group(group) => parenthesise(&mut group.elem),
        Type::ImplTrait(_) => *pointee = parse_quote!((#pointee)),
        _ => {}
    }
}
