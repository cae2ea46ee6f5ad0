//! What a decorated function returns.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::visit_mut::{VisitMut, visit_type_mut};
use syn::{LitStr, ReturnType, Signature, Token, Type, TypeInfer, parse_quote_spanned};

use crate::context::Kind;
use crate::lifetimes;
use crate::options::Options;

/// The output of an `async fn`, and what the decorated function returns.
pub(crate) struct Output {
    krate: TokenStream,
    span: Span,
    /// `T` of `async fn f() -> T`.
    output: Type,
    /// `T` for use in a body, with `_` for each `impl Trait`, which cannot be named there.
    pub(crate) ascribed: Type,
    /// Whether `T` is `!`.
    pub(crate) never: bool,
    boxed: bool,
    send: bool,
}

impl Output {
    pub(crate) fn of(sig: &Signature, options: &Options, kind: Kind, span: Span) -> Output {
        let boxed = options.boxed.is_some();
        let krate = options.krate(span);
        let output = output(sig, &krate, span);
        Output {
            ascribed: nameable(&output),
            output,
            krate,
            span,
            never: matches!(&sig.output, ReturnType::Type(_, ty) if matches!(**ty, Type::Never(_))),
            boxed,
            // The `Send` bound of a trait holds for its implementations, which need not repeat it. An
            // implementation that adds one where the trait has none would refine the trait.
            send: (boxed || kind == Kind::Trait) && options.maybe_send.is_none(),
        }
    }

    /// Returns `-> Call<impl Future<Output = T>>`, or the same with a boxed future.
    pub(crate) fn returned(&self) -> ReturnType {
        let Output { krate, span, output, .. } = self;
        let future = if self.boxed {
            self.boxed_future(output)
        } else {
            let send = self.and_send();
            quote_spanned!(*span=> impl #krate::__private::Future<Output = #output> #send)
        };
        let call = Type::Verbatim(quote_spanned!(*span=> #krate::Call<#future>));
        ReturnType::Type(Token![->](*span), Box::new(call))
    }

    /// Returns the expression that makes a call of `future`.
    pub(crate) fn call(&self, name: &LitStr, future: &TokenStream) -> TokenStream {
        let Output { krate, span, ascribed, .. } = self;
        if !self.boxed {
            return quote_spanned!(*span=> #krate::__private::call::<#ascribed, _>(|| #name, #future));
        }
        let boxed = self.boxed_future(ascribed);
        quote_spanned! {*span=>
            let __future: #boxed = #krate::__private::Box::pin(#future);
            #krate::__private::call::<#ascribed, _>(|| #name, __future)
        }
    }

    fn boxed_future(&self, output: &Type) -> TokenStream {
        let Output { krate, span, .. } = self;
        let (send, lifetime) = (self.and_send(), lifetimes::future(*span));
        quote_spanned! {*span=>
            #krate::__private::Pin<#krate::__private::Box<
                dyn #krate::__private::Future<Output = #output> #send + #lifetime
            >>
        }
    }

    fn and_send(&self) -> Option<TokenStream> {
        let Output { krate, span, send, .. } = self;
        send.then(|| quote_spanned!(*span=> + #krate::__private::Send))
    }
}

fn output(sig: &Signature, krate: &TokenStream, span: Span) -> Type {
    match &sig.output {
        ReturnType::Default => parse_quote_spanned!(span=> ()),
        ReturnType::Type(_, output) => match &**output {
            // `!` is stable only as the return type of a function, so a trait gives it a name.
            never @ Type::Never(_) => {
                Type::Verbatim(quote!(<fn() -> #never as #krate::__private::Returns>::Output))
            }
            output => output.clone(),
        },
    }
}

fn nameable(output: &Type) -> Type {
    struct Unnameable;

    impl VisitMut for Unnameable {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            match ty {
                Type::ImplTrait(_) => {
                    *ty = Type::Infer(TypeInfer { underscore_token: Default::default() })
                }
                _ => visit_type_mut(self, ty),
            }
        }
    }

    let mut ascribed = output.clone();
    Unnameable.visit_type_mut(&mut ascribed);
    ascribed
}
